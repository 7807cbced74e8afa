//! What the tests with hosts leave behind: nothing, however they end.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::{env, fs, process, thread};

use perennial_testkit::patroni::{Replicated, apart};
use perennial_testkit::process::until;

/// Set for the test that is going to be killed, and all that it starts; its value is our own.
const VICTIM: &str = "PERENNIAL_NIGHTLY_VICTIM";

#[test]
fn hosts_end_with_the_process_that_started_them_however_that_ends() {
    let test = "apart::hosts_end_with_the_process_that_started_them_however_that_ends";
    if env::var_os(VICTIM).is_some() {
        let kept_on = apart(test, || {
            let _hosts = Replicated::start()?;
            println!("victim started");
            thread::park(); // until killed
            Ok(())
        });
        kept_on.unwrap();
    }
    let mine = process::id().to_string();
    let mut victim = Command::new(env::current_exe().unwrap());
    victim.args([test, "--exact", "--nocapture"]).env(VICTIM, &mine).stdout(Stdio::piped());
    let mut victim = victim.spawn().unwrap();
    let mut said = BufReader::new(victim.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(said.any(|line| line.contains("victim started")));
    assert!(count_with(&mine) > 12, "the test, six hosts, and what runs there");
    victim.kill().unwrap();
    victim.wait().unwrap();
    until("all have ended", || Ok((count_with(&mine) == 0).then_some(()))).unwrap();
}

/// How many processes there are that the victim has started.
fn count_with(value: &str) -> usize {
    let mark = format!("{VICTIM}={value}\0").into_bytes();
    let bears = |environment: &[u8]| environment.windows(mark.len()).any(|part| part == mark);
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes.filter(|process| fs::read(process.path().join("environ")).is_ok_and(|read| bears(&read))).count()
}
