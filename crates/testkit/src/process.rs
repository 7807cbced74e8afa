//! Processes of a test's own: looked at until they are ready, and asked to end.

use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail, ensure};

use crate::http;

const PAUSE: Duration = Duration::from_millis(20);

/// How often to look, a pause apart: a minute for what has to come on a busy machine, and as long for the end, in which
/// a server answers what it has accepted.
const LOOKS: usize = 3_000;

/// Looks again and again until there is something to see, for about a minute.
///
/// # Errors
/// When looking fails, or there is nothing to see in all that time.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    for _ in 0..LOOKS {
        if let Some(seen) = look()? {
            return Ok(seen);
        }
        thread::sleep(PAUSE);
    }
    bail!("{what}: not in time")
}

/// Waits until a process answers this `http://` URL with 200.
///
/// # Errors
/// When the process ends, or is not ready within a minute.
pub fn wait_until_ready(child: &mut Child, url: &str) -> Result<()> {
    let mut last = String::new();
    let ready = until("ready", || {
        if let Some(status) = child.try_wait()? {
            bail!("the process ended at its start: {status}");
        }
        match http::get(url) {
            Ok(response) if response.status == 200 => return Ok(Some(())),
            Ok(response) => last = format!("{} {}", response.status, response.text()),
            Err(error) => last = format!("{error:#}"),
        }
        Ok(None)
    });
    ready.map_err(|error| error.context(format!("{url}: {last}")))
}

/// Asks a process to end, with SIGTERM, and does not wait for it.
///
/// # Errors
/// When it cannot be signalled.
pub fn ask_to_end(child: &Child) -> Result<()> {
    signal(child, "TERM")
}

/// Sends a process a signal by its name, such as `STOP`.
///
/// # Errors
/// When it cannot be signalled.
pub fn signal(child: &Child, name: &str) -> Result<()> {
    // The shell's own `kill`: the standard library has no signals, and the program may not be installed.
    let signalled = Command::new("sh").args(["-c", &format!("kill -{name} {}", child.id())]).status()?;
    ensure!(signalled.success(), "SIG{name} could not be sent: {signalled}");
    Ok(())
}

/// Waits for the end of a process and returns how it ended; after a minute it is killed.
///
/// # Errors
/// When the process cannot be waited for.
pub fn wait_for_end(child: &mut Child) -> Result<ExitStatus> {
    for _ in 0..LOOKS {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        thread::sleep(PAUSE);
    }
    child.kill()?;
    Ok(child.wait()?)
}
