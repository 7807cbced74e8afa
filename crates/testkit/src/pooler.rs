//! `PgBouncer` in front of a test's cluster, from the distribution's package: it lends the connections that it has to
//! the database by the transaction.
//!
//! It listens on loopback only. As the cluster does, it ends with the process that started it, however that ends.

use std::env;
use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use crate::postgres::{Cluster, ROLE, sql};
use crate::process;

/// Where Debian keeps it, which is not on everybody's search path.
const DEBIAN: &str = "/usr/sbin";

/// Runs a program until the process that holds the input of this one ends.
const WATCH: &str = r#"
"$@" &
read -r _
kill $!
wait
"#;

/// A running pooler, ended when dropped.
#[derive(Debug)]
pub struct Pooler {
    port: u16,
    log: PathBuf,
    watch: Child,
}

impl Pooler {
    pub(crate) fn start(cluster: &Cluster, connections: u32) -> Result<Self> {
        let program = find()?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let path = |ending: &str| cluster.folder().join(format!("pooler-{port}.{ending}"));
        let (config, users, log) = (path("ini"), path("users"), path("log"));
        fs::write(&users, format!("\"{ROLE}\" \"\"\n"))?;
        fs::write(&config, settings(cluster.port(), port, &users, connections))?;
        let run = cluster.command(&program.to_string_lossy());
        let mut watch = Command::new("sh");
        watch.args(["-c", WATCH, "sh"]).arg(run.get_program()).args(run.get_args()).arg(&config);
        let file = File::create(&log)?;
        watch.stdin(Stdio::piped()).stdout(file.try_clone()?).stderr(file).current_dir("/").process_group(0);
        let pooler = Self { port, log, watch: watch.spawn().context("starting PgBouncer")? };
        let mut last = String::new();
        let ready = process::until("PgBouncer", || {
            let asked = sql(&pooler.url("postgres"), "select 1");
            last = asked.as_ref().map_or_else(|error| format!("{error:#}"), String::clone);
            Ok(asked.ok())
        });
        ready.with_context(|| format!("{last}\nPgBouncer wrote:\n{}", pooler.log()))?;
        Ok(pooler)
    }

    /// The `postgres://` URL of one of the cluster's databases, through the pooler.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{ROLE}@127.0.0.1:{}/{database}", self.port)
    }

    /// What it wrote.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        drop(self.watch.stdin.take());
        drop(self.watch.wait()); // nobody is left to tell
    }
}

/// A configuration as the package's, but for where things are, and that many may wait for few connections.
fn settings(server: u16, port: u16, users: &Path, connections: u32) -> String {
    format!(
        "[databases]\n\
         * = host=127.0.0.1 port={server}\n\
         [pgbouncer]\n\
         listen_addr = 127.0.0.1\n\
         listen_port = {port}\n\
         unix_socket_dir =\n\
         auth_type = trust\n\
         auth_file = {}\n\
         pool_mode = transaction\n\
         default_pool_size = {connections}\n\
         max_client_conn = 500\n",
        users.display()
    )
}

fn find() -> Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain([PathBuf::from(DEBIAN)]);
    let found = folders.map(|folder| folder.join("pgbouncer")).find(|program| program.exists());
    found.context("PgBouncer is not installed (hint: `./test --install` installs it)")
}
