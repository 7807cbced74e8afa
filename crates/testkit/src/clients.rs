//! Runs the scripts of `tests-clients/` with the real clients that `./test` installs under `target/clients`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::Env;

/// How long a script may take, in seconds; then it is ended and has failed.
const SCRIPT_SECONDS_MAX: &str = "120";

/// Runs `tests-clients/python/SCRIPT` and returns the JSON document it printed.
///
/// The script sees `env` and nothing else of this process's environment.
///
/// # Errors
/// When the clients are not installed, or the script fails, with what it wrote.
pub fn python(script: &str, env: &Env) -> Result<Value> {
    let python = installed("venv/bin/python")?;
    run(
        Command::new("timeout").args(["--kill-after=5", SCRIPT_SECONDS_MAX]).arg(python).arg("-B"),
        "python",
        script,
        env,
    )
}

/// Runs `tests-clients/node/SCRIPT` and returns the JSON document it printed.
///
/// The script sees `env` and nothing else of this process's environment. `OVHcloud`'s packages speak TLS only: start the
/// sandbox with it for them. Alibaba Cloud's speak plain HTTP, too.
///
/// # Errors
/// When the clients are not installed, or the script fails, with what it wrote.
pub fn node(script: &str, env: &Env) -> Result<Value> {
    let modules = installed("node/node_modules")?;
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", SCRIPT_SECONDS_MAX, "node"]);
    let mut env = env.clone();
    env.insert("NODE_PATH".to_owned(), modules.to_string_lossy().into_owned());
    run(&mut command, "node", script, &env)
}

/// Returns where `./test` has put `what`, such as `venv/bin/python`.
///
/// # Errors
/// When it is not there: the tests fail then, they are not skipped.
pub fn installed(what: &str) -> Result<PathBuf> {
    let path = root().join("target/clients").join(what);
    ensure!(path.exists(), "the real clients are not installed ({} is missing)\nhint: run ./test", path.display());
    Ok(path)
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn run(command: &mut Command, language: &str, script: &str, env: &Env) -> Result<Value> {
    let file = root().join("tests-clients").join(language).join(script);
    // A home without configuration files of the clients, and no proxy on the way to loopback.
    let (path, home) = (std::env::var_os("PATH").unwrap_or_default(), root().join("target/clients"));
    command.arg(file).env_clear().env("PATH", path).env("HOME", home).env("LANG", "C.UTF-8").envs(env);
    let done = command.stdin(Stdio::null()).output().with_context(|| format!("starting {language}"))?;
    let (said, wrote) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    ensure!(done.status.success(), "{language}/{script}: {}\n{wrote}{said}", done.status);
    serde_json::from_str(&said).with_context(|| format!("{language}/{script} printed no JSON document:\n{said}{wrote}"))
}
