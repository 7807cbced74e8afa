//! A PostgreSQL cluster of a test's own, from the distribution's package.
//!
//! It listens on a free port of loopback and on a socket in its folder, trusts whoever connects, and syncs to the disk as a
//! real one does. A process that outlives ours waits for our end, however it comes, and then stops the cluster and takes its
//! files away.

use std::env;
use std::fs;
use std::io::{Read, Seek};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::pooler::Pooler;

/// The oldest release that the ledger runs on.
const RELEASE_MIN: u32 = 15;

/// Where Debian keeps the programs of each release; only some of them are on the search path.
const DEBIAN: &str = "/usr/lib/postgresql";

/// Who a cluster belongs to where we are root, which PostgreSQL refuses to run as: the package's user, or nobody.
const OWNERS: [&str; 2] = ["postgres", "nobody"];

/// The role that all connections use; it may do everything.
pub(crate) const ROLE: &str = "perennial";

/// Another program may take a free port before the cluster does.
const PORTS_TRIED: u32 = 5;

/// Small, quick to start, and as careful as the default. What a statement does must not depend on what runs beside it,
/// so nothing is compiled while it runs.
const SETTINGS: &str = "listen_addresses = '127.0.0.1'
unix_socket_directories = '..'
shared_buffers = 64MB
max_connections = 200
max_wal_size = 1GB
fsync = on
synchronous_commit = on
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
";

/// Waits for the end of the process that holds its input, then stops the cluster and takes its folder away. Asked for a
/// while, as a cluster that is just about to start cannot be stopped yet.
const WATCH: &str = r#"
folder=$1; shift
read -r _
for _ in 1 2 3 4 5 6 7 8 9 10; do
    "$@" -s -w -m immediate stop && break
    sleep 0.2
done
rm -rf "$folder"
"#;

/// The programs of one release, and how to run them as a user that PostgreSQL accepts.
#[derive(Debug)]
struct Programs {
    /// Where they are.
    bin: PathBuf,
    /// Whom to run them as, by number, where we are root.
    owner: Option<(u32, u32)>,
}

/// A running cluster, stopped when dropped.
#[derive(Debug)]
pub struct Cluster {
    programs: Programs,
    folder: PathBuf,
    port: u16,
    databases: AtomicU32,
    watch: Child,
}

impl Cluster {
    /// The one cluster that the tests of a process share, each with a database of its own. Started when first asked for,
    /// stopped when the process ends.
    ///
    /// # Errors
    /// As [`Cluster::start`], each time.
    pub fn shared() -> Result<&'static Self> {
        static SHARED: OnceLock<Result<Cluster, String>> = OnceLock::new();
        let shared = SHARED.get_or_init(|| Self::start().map_err(|error| format!("{error:#}")));
        shared.as_ref().map_err(|error| anyhow!("{error}"))
    }

    /// Starts a new cluster.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, or does not start, with what it wrote.
    pub fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("perennial-postgres-").tempdir()?;
        let mut programs = Programs { bin: find()?, owner: None };
        if folder.path().metadata()?.uid() == 0 {
            let owner = owner()?;
            chown(folder.path(), Some(owner.0), Some(owner.1))?;
            programs.owner = Some(owner);
        }
        let watch = watch(&programs, folder.path())?;
        // From here on whoever watches takes the folder away.
        let mut cluster = Self { programs, folder: folder.keep(), port: 0, databases: AtomicU32::new(0), watch };
        cluster.make().context("making a PostgreSQL cluster")?;
        cluster.start_on_a_free_port()?;
        Ok(cluster)
    }

    /// A new, empty database; returns its `postgres://` URL.
    ///
    /// # Errors
    /// When the cluster does not make it.
    pub fn database(&self) -> Result<String> {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let made = self.sql("postgres", &format!("create database {name}"));
        made.with_context(|| format!("making database {name}"))?;
        Ok(self.url(&name))
    }

    /// The `postgres://` URL of a database of this name, whether it is there or not.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{ROLE}@127.0.0.1:{}/{database}", self.port)
    }

    /// The same, by the socket in the cluster's folder.
    pub fn socket_url(&self, database: &str) -> String {
        format!("postgres://{ROLE}@/{database}?host={}&port={}", self.folder.display(), self.port)
    }

    /// Runs statements in a database with the package's own client; returns the rows as text, a line each.
    ///
    /// # Errors
    /// When a statement fails, with the client's words; the statements after it are not run.
    pub fn sql(&self, database: &str, statements: &str) -> Result<String> {
        sql(&self.url(database), statements)
    }

    /// Runs one of the package's other clients on a database, which it takes as its last argument; returns what it printed.
    ///
    /// # Errors
    /// When it fails, with its words.
    pub fn client(&self, program: &str, database: &str, arguments: &[&str]) -> Result<String> {
        run(self.programs.command(program).args(arguments).arg(self.socket_url(database)))
    }

    /// Stops the cluster and starts it again on the same port: every connection breaks, and what was committed stays.
    ///
    /// # Errors
    /// When it does not stop or start, with what it wrote.
    pub fn restart(&self) -> Result<()> {
        self.stop()?;
        self.start_again()
    }

    /// Stops the cluster: every connection breaks, and none can be made.
    ///
    /// # Errors
    /// When it is not running, or does not stop.
    pub fn stop(&self) -> Result<()> {
        self.stop_in("fast")
    }

    /// Ends all processes of the cluster where they stand: what was not committed is gone, and what was is recovered by
    /// [`Cluster::start_again`].
    ///
    /// # Errors
    /// When it is not running, or does not stop.
    pub fn crash(&self) -> Result<()> {
        self.stop_in("immediate")
    }

    fn stop_in(&self, mode: &str) -> Result<()> {
        run(self.pg_ctl().args(["-s", "-w", "-m", mode, "stop"])).map(drop).context("stopping PostgreSQL")
    }

    /// Starts a pooler in front of the cluster, which has so many connections to each database.
    ///
    /// # Errors
    /// When `PgBouncer` is not installed, or does not start, with what it wrote.
    pub fn pooler(&self, connections: u32) -> Result<Pooler> {
        Pooler::start(self, connections)
    }

    /// Starts the cluster again on the same port after [`Cluster::stop`].
    ///
    /// # Errors
    /// When it is running, or does not start, with what it wrote.
    pub fn start_again(&self) -> Result<()> {
        let log = self.folder.join("log");
        let port = format!("-p {}", self.port);
        run(self.pg_ctl().args(["-s", "-w", "-o", &port, "-l"]).arg(&log).arg("start"))
            .with_context(|| format!("PostgreSQL wrote:\n{}", fs::read_to_string(&log).unwrap_or_default()))
            .context("starting PostgreSQL")?;
        Ok(())
    }

    /// Where the cluster keeps its files.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn pg_ctl(&self) -> Command {
        self.programs.pg_ctl(&self.folder)
    }

    /// A run of another program, found by its path, as the user that the cluster belongs to.
    pub(crate) fn command(&self, program: &str) -> Command {
        self.programs.command(program)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Its own collation sorts as people do, so that a test fails where a statement should have compared bytes.
    fn make(&self) -> Result<()> {
        let data = self.folder.join("data");
        let mut initdb = self.programs.command("initdb");
        initdb.args(["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions", "--no-sync"]);
        initdb.args(["--locale-provider=icu", "--icu-locale=en", "--username", ROLE, "--pgdata"]);
        run(initdb.arg(&data))?;
        let settings = data.join("postgresql.auto.conf");
        fs::write(&settings, SETTINGS).with_context(|| format!("writing {}", settings.display()))
    }

    fn start_on_a_free_port(&mut self) -> Result<()> {
        let mut started = Err(anyhow!("no port was tried"));
        for _ in 0..PORTS_TRIED {
            self.port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
            started = self.start_again();
            if started.is_ok() {
                break;
            }
        }
        started
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.watch.stdin.take());
        drop(self.watch.wait()); // nobody is left to tell
    }
}

impl Programs {
    fn command(&self, program: &str) -> Command {
        let program = self.bin.join(program);
        let Some((user, group)) = self.owner else { return Command::new(program) };
        let mut command = Command::new("setpriv");
        command.args([format!("--reuid={user}"), format!("--regid={group}"), "--clear-groups".to_owned()]);
        command.arg("--").arg(program);
        command
    }

    fn pg_ctl(&self, folder: &Path) -> Command {
        let mut command = self.command("pg_ctl");
        command.arg("-D").arg(folder.join("data")).current_dir(folder);
        command
    }
}

/// Runs statements in the database at a `postgres://` URL, as [`Cluster::sql`] does.
///
/// # Errors
/// As [`Cluster::sql`].
pub fn sql(url: &str, statements: &str) -> Result<String> {
    let mut command = Command::new(find()?.join("psql"));
    command.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1"]);
    run(command.args(["--dbname", url, "--command", statements]))
}

/// The folder of the newest release's programs.
pub(crate) fn find() -> Result<PathBuf> {
    let releases = fs::read_dir(DEBIAN).into_iter().flatten().flatten().filter_map(|entry| {
        let release: u32 = entry.file_name().to_str()?.parse().ok()?;
        let bin = entry.path().join("bin");
        (release >= RELEASE_MIN && bin.join("initdb").exists()).then_some((release, bin))
    });
    if let Some((_, bin)) = releases.max() {
        return Ok(bin);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let bin = env::split_paths(&path).find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists());
    let Some(bin) = bin else {
        bail!("PostgreSQL {RELEASE_MIN} or later is not installed (hint: `./test --install` installs it)");
    };
    let said = run(Command::new(bin.join("postgres")).arg("--version"))?;
    let release = said.split_whitespace().find_map(|word| word.split('.').next()?.parse::<u32>().ok());
    ensure!(
        release.is_some_and(|release| release >= RELEASE_MIN),
        "PostgreSQL {RELEASE_MIN} or later is needed, but {} is {} (hint: `./test --install` installs it)",
        bin.display(),
        said.trim()
    );
    Ok(bin)
}

/// User and group that a cluster belongs to where we are root.
pub(crate) fn owner() -> Result<(u32, u32)> {
    let number =
        |which: &str, name: &str| -> Result<u32> { Ok(run(Command::new("id").args([which, name]))?.trim().parse()?) };
    let known = OWNERS.iter().find_map(|name| Some((number("-u", name).ok()?, number("-g", name).ok()?)));
    known.with_context(|| format!("PostgreSQL does not run as root, and there is no user of {OWNERS:?}"))
}

fn watch(programs: &Programs, folder: &Path) -> Result<Child> {
    let stop = programs.pg_ctl(folder);
    let mut watch = Command::new("sh");
    watch.args(["-c", WATCH, "sh"]).arg(folder).arg(stop.get_program()).args(stop.get_args());
    // Of a group of its own, so that an interrupt at the terminal, which ends us, leaves it alone.
    watch.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/").process_group(0);
    watch.spawn().context("starting what watches over PostgreSQL")
}

/// Runs a program to its end; returns what it printed.
///
/// A server that it leaves behind holds on to its output, so that goes through a file.
pub(crate) fn run(command: &mut Command) -> Result<String> {
    let (mut out, mut err) = (tempfile::tempfile()?, tempfile::tempfile()?);
    let program = command.get_program().to_owned();
    command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(err.try_clone()?);
    let status = command.status().with_context(|| format!("running {}", program.display()))?;
    let text = |file: &mut fs::File| -> Result<String> {
        let mut text = String::new();
        file.rewind()?;
        file.read_to_string(&mut text)?;
        Ok(text)
    };
    let printed = text(&mut out)?;
    ensure!(status.success(), "{} {status}: {printed}{}", program.display(), text(&mut err)?);
    Ok(printed)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::net::TcpStream;

    use super::*;
    use crate::process;

    /// Set for the process that is going to be killed.
    const VICTIM: &str = "PERENNIAL_TESTKIT_VICTIM";

    fn name(url: &str) -> &str {
        url.rsplit('/').next().expect("ends with the name")
    }

    #[test]
    fn tests_share_a_cluster_and_have_a_database_each() {
        let cluster = Cluster::shared().expect("starts");
        assert!(std::ptr::eq(cluster, Cluster::shared().expect("is there")));
        let (one, other) = (cluster.database().expect("is made"), cluster.database().expect("is made"));
        cluster.sql(name(&one), "create table t (a text); insert into t values ('x')").expect("runs");
        assert_eq!(cluster.sql(name(&one), "select a from t").expect("runs"), "x\n");
        let missing = cluster.sql(name(&other), "select a from t").expect_err("has no such table");
        assert!(format!("{missing:#}").contains("does not exist"), "{missing:#}");
    }

    #[test]
    fn the_cluster_is_careful_and_sorts_as_people_do() {
        let cluster = Cluster::shared().expect("starts");
        let settings = ["fsync", "synchronous_commit", "full_page_writes", "listen_addresses"];
        let said = settings.map(|name| cluster.sql("postgres", &format!("show {name}")).expect("is shown"));
        assert_eq!(said, ["on\n", "on\n", "on\n", "127.0.0.1\n"]);
        assert_eq!(cluster.sql("postgres", "select 'a' < 'B', 'a' < 'B' collate \"C\"").expect("runs"), "t|f\n");
    }

    #[test]
    fn what_was_committed_outlives_a_restart() {
        let cluster = Cluster::start().expect("starts");
        cluster.sql("postgres", "create table t as select 7 as a").expect("runs");
        cluster.stop().expect("stops");
        assert!(cluster.sql("postgres", "select a from t").is_err());
        cluster.start_again().expect("starts");
        cluster.restart().expect("restarts");
        assert_eq!(cluster.sql("postgres", "select a from t").expect("runs"), "7\n");
    }

    #[test]
    fn a_cluster_ends_with_the_process_that_started_it_however_that_ends() {
        if env::var_os(VICTIM).is_some() {
            let cluster = Cluster::start().expect("starts");
            println!("victim {} {}", cluster.port, cluster.folder().display());
            std::thread::park(); // until killed
        }
        let test = "postgres::tests::a_cluster_ends_with_the_process_that_started_it_however_that_ends";
        let mut victim = Command::new(env::current_exe().expect("is a file"));
        victim.args([test, "--exact", "--nocapture"]).env(VICTIM, "1").stdout(Stdio::piped());
        let mut victim = victim.spawn().expect("starts");
        let mut said = BufReader::new(victim.stdout.take().expect("is piped")).lines().map_while(Result::ok);
        let said = said.find_map(|line| Some(line.split_once("victim ")?.1.to_owned())).expect("says where");
        let (port, folder) = said.split_once(' ').expect("are two words");
        let port: u16 = port.parse().expect("is a number");
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
        victim.kill().expect("is killed");
        victim.wait().expect("ends");
        process::until("the folder is gone", || Ok((!Path::new(folder).exists()).then_some(()))).expect("goes");
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
    }
}
