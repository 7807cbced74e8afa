//! Workers: which process is at an intent, and whether one that was may still be.

use std::fs;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicU32, Ordering};

/// Who carries intents. Asked inside a transaction: answers at once, or with a no.
pub trait Identity: Send + Sync + 'static {
    /// What this worker is called, everywhere and for ever.
    fn name(&self) -> String;

    /// Whether a worker of this name has certainly ended. What cannot be told is a no.
    fn is_gone(&self, name: &str) -> bool;
}

/// A process as the kernel knows it, and which of the process's buyers it is. Its name tells a process from a later one
/// with the same number, and from one in another container or on another machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    /// Which start of which machine.
    boot: String,
    /// Which namespace of process numbers.
    namespace: String,
    /// The process's number.
    process: u32,
    /// When it started, in the kernel's ticks.
    started: u64,
    /// Which of the process's buyers.
    serial: u32,
}

impl Worker {
    /// This process. Each call is another worker.
    pub fn here() -> Self {
        static SERIAL: AtomicU32 = AtomicU32::new(0);
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let process = std::process::id();
        Self {
            boot: boot.trim().to_owned(),
            namespace: namespace(),
            process,
            started: look_at(process).map_or(0, |seen| seen.started),
            serial: SERIAL.fetch_add(1, Ordering::Relaxed),
        }
    }

    fn parse(name: &str) -> Option<Self> {
        let mut parts = name.split(':');
        let mut part = || parts.next();
        let worker = Self {
            boot: part()?.to_owned(),
            namespace: part()?.to_owned(),
            process: part()?.parse().ok()?,
            started: part()?.parse().ok()?,
            serial: part()?.parse().ok()?,
        };
        part().is_none().then_some(worker)
    }

    /// Whether another worker has certainly ended. Where the ledger is a file of this machine, whoever wrote in it before
    /// the machine was started has.
    fn sees_the_end_of(&self, other: &Self, is_local: bool) -> bool {
        let is_known = !self.boot.is_empty() && !self.namespace.is_empty() && self.started > 0;
        if !is_known || other.boot.is_empty() {
            return false;
        }
        if self.boot != other.boot {
            return is_local;
        }
        if self.namespace != other.namespace {
            return false;
        }
        if (self.process, self.started) == (other.process, other.started) {
            // Of this worker's own carrying nothing goes on beside it; of another one's in this process it may.
            return self.serial == other.serial;
        }
        match look_at(other.process) {
            Ok(seen) => seen.started != other.started || seen.is_dead,
            Err(error) => error.kind() == ErrorKind::NotFound && !hides_others(),
        }
    }
}

/// Whether this system may hide the processes of others (`hidepid`), so that one which cannot be seen may live. What cannot
/// be read is a yes.
fn hides_others() -> bool {
    let Ok(mounts) = std::fs::read_to_string("/proc/self/mountinfo") else { return true };
    let of_processes = mounts.lines().filter(|line| line.split(' ').nth(4) == Some("/proc"));
    of_processes
        .flat_map(|line| line.split([' ', ',']))
        .filter_map(|option| option.strip_prefix("hidepid="))
        .any(|level| !matches!(level, "0" | "off"))
}

impl std::fmt::Display for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { boot, namespace, process, started, serial } = self;
        write!(f, "{boot}:{namespace}:{process}:{started}:{serial}")
    }
}

/// A worker over a ledger.
pub(super) struct Local {
    pub worker: Worker,
    /// Whether the ledger is a file of this machine.
    pub is_local: bool,
}

impl Identity for Local {
    fn name(&self) -> String {
        self.worker.to_string()
    }

    fn is_gone(&self, name: &str) -> bool {
        Worker::parse(name).is_some_and(|other| self.worker.sees_the_end_of(&other, self.is_local))
    }
}

/// The namespace's number, from a link such as `pid:[4026531836]`.
fn namespace() -> String {
    let link = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    link.to_string_lossy().chars().filter(char::is_ascii_digit).collect()
}

/// A process that there is.
struct Seen {
    started: u64,
    /// It has ended, and its parent has not asked how.
    is_dead: bool,
}

/// Looks at a process. The kernel's line has the state in its third place and the start in its twenty-second; the second
/// is a name in brackets, which may hold anything.
fn look_at(process: u32) -> std::io::Result<Seen> {
    let line = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let unlike = || std::io::Error::from(ErrorKind::InvalidData);
    let fields: Vec<_> = line.rsplit_once(')').ok_or_else(unlike)?.1.split_ascii_whitespace().collect();
    let started = fields.get(19).and_then(|text| text.parse().ok()).ok_or_else(unlike)?;
    // A process whose first thread has ended looks like one that has; the others are listed beside it.
    let is_dead = matches!(fields.first(), Some(&("Z" | "X"))) && threads(process) <= 1;
    Ok(Seen { started, is_dead })
}

fn threads(process: u32) -> usize {
    fs::read_dir(format!("/proc/{process}/task")).map_or(0, Iterator::count)
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_written() {
        let here = Worker::here();
        assert_eq!(Worker::parse(&here.to_string()), Some(here.clone()));
        assert_ne!(Worker::here(), here);
        for name in ["", "a:b:c", "b:1:2:3:4:5", "b:1:x:3:4"] {
            assert_eq!(Worker::parse(name), None, "{name}");
        }
    }

    #[test]
    fn only_what_is_certain_is_gone() {
        let here = Worker::here();
        let other = |change: fn(&mut Worker)| {
            let mut other = here.clone();
            change(&mut other);
            other
        };
        let rows: [(&str, Worker, bool, bool); 7] = [
            ("this very worker", here.clone(), true, true),
            ("another buyer of this process", other(|it| it.serial += 1), true, false),
            ("a process that had this number before", other(|it| it.started -= 1), true, true),
            ("before the machine was started", other(|it| it.boot = "earlier".to_owned()), true, true),
            ("another machine", other(|it| it.boot = "elsewhere".to_owned()), false, false),
            ("another container", other(|it| it.namespace = "1".to_owned()), true, false),
            ("a system that tells nothing", other(|it| it.boot = String::new()), true, false),
        ];
        for (what, other, is_local, gone) in rows {
            let local = Local { worker: here.clone(), is_local };
            assert_eq!(local.is_gone(&other.to_string()), gone, "{what}");
        }
        assert!(!Local { worker: here, is_local: true }.is_gone("who knows"));
    }

    #[test]
    fn a_process_is_gone_once_it_has_ended_even_if_nobody_asked_how() {
        let local = Local { worker: Worker::here(), is_local: true };
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().expect("starts");
        let started = look_at(child.id()).expect("is there").started;
        let name = Worker { process: child.id(), started, ..local.worker.clone() }.to_string();
        assert!(!local.is_gone(&name), "it lives");
        drop(child.stdin.take());
        let mut seen = look_at(child.id()).expect("is there");
        while !seen.is_dead {
            std::thread::yield_now();
            seen = look_at(child.id()).expect("is there");
        }
        assert!(local.is_gone(&name), "it has ended");
        child.wait().expect("tells how");
        assert!(local.is_gone(&name), "there is no such process");
    }
}
