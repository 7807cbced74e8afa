//! PostgreSQL as an operator replicates it, on hosts that can be lost: Patroni and etcd from the distribution's packages.
//!
//! Three hosts have a Patroni and a PostgreSQL each: one is the primary, one its synchronous standby, one a standby in
//! reserve. Three more have an etcd each, which keeps the primary's lease; they are never lost here. A host is a set of
//! namespaces of its own: its processes, its network. So it loses its power as one (all that runs on it is killed at
//! once, and not a word leaves it), and can be cut off from all others while it lives on.
//!
//! The etcds are apart for a reason. Up to 3.0.2, Patroni overwrites the leader's key without a look at who holds it
//! once its own lease has run out, and asks the nearest etcd who that is (mended by pull request 2689 of its project).
//! An etcd that was cut off with the primary still names that one: it took the lead back, and what its successor had
//! committed was gone.
//!
//! The test that asks for hosts runs apart from the machine as well ([`apart`]): in namespaces that hold the network
//! between the hosts, and every process and file of the test. The kernel takes them away with the test, however it ends.
//! Files are in memory there: what is lost with a host is what it had not told another one, not what was on its disk.
//! It takes root. Nothing of the machine's own network is touched, and nothing listens in it.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::{env, fmt};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::postgres::{ROLE, find, owner, run};
use crate::{http, process};

/// Set for a test that runs apart.
const APART: &str = "PERENNIAL_TESTKIT_APART";

/// The first process apart: makes the network, runs the test and buries what the test leaves. All temporary files are in
/// a file system in memory, which nobody else sees.
const WORLD: &str = r#"
mount -t tmpfs -o mode=1777 perennial /dev/shm &&
ip link set lo up &&
ip link add hosts type bridge &&
ip address add "$1/24" dev hosts &&
ip link set hosts up || exit
shift
export TMPDIR=/dev/shm
"$@"
exit $?
"#;

/// The first process of a host: tells its number, waits to be wired, and runs what is to run there. It buries whoever is
/// left without a parent, as Patroni expects of it.
const BOOT: &str = r#"
read -r number _ </proc/self/stat
echo "$number"
read -r _
cd "$1" &&
mount -t proc proc /proc &&
ip link set lo up &&
ip link set eth0 up &&
ip address add "$2/24" dev eth0 || exit
shift 2
"$@" >>log 2>&1
exit $?
"#;

/// The address of whoever is not on a host: the test, and what it starts.
const OUTSIDE: &str = "10.0.0.254";

/// The programs that are needed besides PostgreSQL's.
const PROGRAMS: [&str; 6] = ["patroni", "etcd", "ip", "unshare", "nsenter", "setpriv"];

/// What a host's Patroni is told, in a file.
const CONFIG: &str = "patroni.yml";

/// How many of the last lines of each log are told when something fails.
const LINES: usize = 15;

/// Runs a test apart from the machine: in this process if it is apart already, or else in a new one, as the test of this
/// name.
///
/// # Errors
/// When the test fails, or namespaces cannot be made.
pub fn apart(test: &str, body: impl FnOnce() -> Result<()>) -> Result<()> {
    if env::var_os(APART).is_some() {
        return body();
    }
    check_installed()?;
    ensure!(
        run(Command::new("id").arg("-u"))?.trim() == "0",
        "hosts are made of namespaces, which takes root (hint: run `./test --nightly` as root)"
    );
    // It ends with whoever waits for it here, and all the rest with it.
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "unshare", "--net", "--pid", "--mount", "--fork", "--kill-child"]);
    command.args(["--mount-proc", "sh", "-c", WORLD, "sh", OUTSIDE]);
    command.arg(env::current_exe()?).args([test, "--exact", "--nocapture"]);
    let status = command.env(APART, "1").stdin(Stdio::null()).status().context("running a test apart")?;
    ensure!(status.success(), "apart: {status}");
    Ok(())
}

fn check_installed() -> Result<()> {
    let path = env::var_os("PATH").unwrap_or_default();
    for program in PROGRAMS {
        let there = env::split_paths(&path).any(|folder| folder.join(program).exists());
        ensure!(there, "`{program}` is not installed (hint: `./test --nightly` installs what its tests need)");
    }
    find().map(drop)
}

/// One of the hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host(u8);

impl Host {
    /// Those with a PostgreSQL.
    const ALL: [Self; 3] = [Self(1), Self(2), Self(3)];

    /// Those with an etcd.
    const KEEPERS: [Self; 3] = [Self(11), Self(12), Self(13)];

    fn address(self) -> String {
        format!("10.0.0.{}", self.0)
    }

    fn place(self) -> usize {
        usize::from(self.0) - 1
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "h{}", self.0)
    }
}

/// A replicated PostgreSQL; gone when dropped.
#[derive(Debug)]
pub struct Replicated {
    folder: TempDir,
    owner: (u32, u32),
    machines: [Machine; 3],
    keepers: Vec<Power>,
    databases: u32,
}

/// How a host stands.
#[derive(Debug, Default)]
struct Machine {
    power: Option<Power>,
    is_cut: bool,
}

/// What runs on a host: the program that made its namespaces, and the first process in them.
#[derive(Debug)]
struct Power {
    made_by: Child,
    first: u32,
}

/// What Patroni says of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Member {
    name: String,
    role: String,
    state: String,
    timeline: Option<i64>,
    lag: Option<i64>,
}

impl Replicated {
    /// Starts three new hosts, and waits until there is a primary with a synchronous standby and one in reserve. Only
    /// apart.
    ///
    /// # Errors
    /// When this is not [`apart`], or they do not come up, with what they wrote.
    pub fn start() -> Result<Self> {
        ensure!(env::var_os(APART).is_some(), "hosts are only for tests that run apart");
        let folder = tempfile::Builder::new().prefix("hosts-").tempdir()?;
        let owner = owner()?;
        chown(folder.path(), Some(owner.0), Some(owner.1))?;
        let mut replicated = Self { folder, owner, machines: Default::default(), keepers: Vec::new(), databases: 0 };
        for host in Host::KEEPERS {
            let folder = replicated.make_folder(host)?;
            replicated.keepers.push(Power::on(host, &folder, owner, &etcd(host))?);
        }
        let bin = find()?;
        for host in Host::ALL {
            let folder = replicated.make_folder(host)?;
            fs::write(folder.join(CONFIG), config(host, &folder, &bin))?;
            replicated.start_again(host)?;
        }
        replicated.wait_until_whole()?;
        Ok(replicated)
    }

    /// A new, empty database; returns its URL, which leads to whichever host is the primary.
    ///
    /// # Errors
    /// When there is no primary, or it does not make it.
    pub fn database(&mut self) -> Result<String> {
        self.databases += 1;
        let name = format!("test_{}", self.databases);
        crate::postgres::sql(&self.url("postgres"), &format!("create database {name}"))?;
        Ok(self.url(&name))
    }

    /// The URL of a database of this name, as nodes are to have it.
    pub fn url(&self, database: &str) -> String {
        let hosts = Host::ALL.map(|host| format!("{}:5432", host.address())).join(",");
        format!("postgres://{ROLE}@{hosts}/{database}?target_session_attrs=read-write&connect_timeout=2")
    }

    /// The one host that is the primary now, if any that can be asked says so.
    ///
    /// # Errors
    /// When several say so.
    pub fn primary(&self) -> Result<Option<Host>> {
        let says_so = |host: &Host| {
            let answer = http::get(&format!("http://{}:8008/primary", host.address()));
            answer.is_ok_and(|answer| answer.status == 200)
        };
        let primaries: Vec<_> = self.within_reach().filter(says_so).collect();
        ensure!(primaries.len() < 2, "two primaries: {primaries:?}\n{}", self.logs());
        Ok(primaries.first().copied())
    }

    /// The host that has what the primary commits, and follows it if it is lost.
    ///
    /// # Errors
    /// When there is none.
    pub fn synchronous_standby(&self) -> Result<Host> {
        let members = members(self.primary()?.context("there is no primary")?)?;
        let standby = members.iter().find(|member| member.role == "sync_standby").map(|member| &member.name);
        let host = Host::ALL.into_iter().find(|host| standby.is_some_and(|name| *name == host.to_string()));
        host.with_context(|| format!("no synchronous standby in {members:?}"))
    }

    /// All hosts but the primary.
    ///
    /// # Errors
    /// When there is no primary.
    pub fn standbys(&self) -> Result<Vec<Host>> {
        let primary = self.primary()?.context("there is no primary")?;
        Ok(Host::ALL.into_iter().filter(|host| *host != primary).collect())
    }

    /// Waits until another host is the primary.
    ///
    /// # Errors
    /// When none is within a minute, with what the hosts wrote.
    pub fn wait_for_primary_other_than(&self, host: Host) -> Result<Host> {
        let other = process::until("another primary", || Ok(self.primary()?.filter(|primary| *primary != host)));
        other.with_context(|| self.logs())
    }

    /// Waits until all hosts are there, one as the primary, one as its synchronous standby, and nobody is behind.
    ///
    /// # Errors
    /// When that takes more than a minute, with what the hosts wrote.
    pub fn wait_until_whole(&self) -> Result<()> {
        let mut seen = Vec::new();
        let whole = process::until("a primary, a synchronous standby and one in reserve", || {
            let Some(primary) = self.primary()? else { return Ok(None) };
            seen = members(primary).unwrap_or_default();
            Ok(is_whole(&seen).then_some(()))
        });
        whole.with_context(|| format!("last seen: {seen:#?}\n{}", self.logs()))
    }

    /// A host's power fails: all that runs on it is gone at once, and its peers hear nothing any more. What it wrote to
    /// its files stays.
    ///
    /// # Errors
    /// When it has no power.
    pub fn lose_power(&mut self, host: Host) -> Result<()> {
        let power = self.machine(host).power.take().with_context(|| format!("{host} has no power"))?;
        // First the wire: a kernel that lives on tells the peers of those who are killed.
        run(ip().args(["link", "delete", &host.to_string()]))?;
        power.end()
    }

    /// Starts a host that has lost its power, on the files that it left.
    ///
    /// # Errors
    /// When it has power.
    pub fn start_again(&mut self, host: Host) -> Result<()> {
        ensure!(self.machine(host).power.is_none(), "{host} has power");
        let patroni = ["patroni", CONFIG].map(str::to_owned);
        let power = Power::on(host, &self.folder_of(host), self.owner, &patroni);
        *self.machine(host) =
            Machine { power: Some(power.with_context(|| format!("starting {host}"))?), is_cut: false };
        Ok(())
    }

    /// Cuts a host off from everybody else. It lives on, and is told nothing.
    ///
    /// # Errors
    /// When it has no power.
    pub fn cut(&mut self, host: Host) -> Result<()> {
        run(ip().args(["link", "set", &host.to_string(), "down"]))?;
        self.machine(host).is_cut = true;
        Ok(())
    }

    /// Connects a host again that was cut off.
    ///
    /// # Errors
    /// When it has no power.
    pub fn heal(&mut self, host: Host) -> Result<()> {
        run(ip().args(["link", "set", &host.to_string(), "up"]))?;
        self.machine(host).is_cut = false;
        Ok(())
    }

    /// The package's own client on a host, about to run statements in that host's PostgreSQL, whatever part that one
    /// plays.
    ///
    /// # Errors
    /// When the host has no power.
    pub fn psql_on(&self, host: Host, statements: &str) -> Result<Command> {
        let power = self.machines[host.place()].power.as_ref().with_context(|| format!("{host} has no power"))?;
        let mut command = Command::new("nsenter");
        command.args(["--net", "--target", &power.first.to_string()]).arg(find()?.join("psql"));
        command.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1"]);
        command.args(["--dbname", &format!("postgres://{ROLE}@{}/postgres", host.address()), "--command", statements]);
        Ok(command)
    }

    /// The last lines that each host wrote.
    pub fn logs(&self) -> String {
        let last = |host: Host| {
            let log = fs::read_to_string(self.folder_of(host).join("log")).unwrap_or_default();
            let lines: Vec<_> = log.lines().collect();
            format!("{host} wrote at last:\n{}\n", lines[lines.len().saturating_sub(LINES)..].join("\n"))
        };
        Host::ALL.into_iter().chain(Host::KEEPERS).map(last).collect()
    }

    fn make_folder(&self, host: Host) -> Result<PathBuf> {
        let folder = self.folder_of(host);
        fs::create_dir(&folder)?;
        chown(&folder, Some(self.owner.0), Some(self.owner.1))?;
        Ok(folder)
    }

    fn folder_of(&self, host: Host) -> PathBuf {
        self.folder.path().join(host.to_string())
    }

    fn machine(&mut self, host: Host) -> &mut Machine {
        &mut self.machines[host.place()]
    }

    fn within_reach(&self) -> impl Iterator<Item = Host> {
        let is_within = |host: &Host| {
            let machine = &self.machines[host.place()];
            machine.power.is_some() && !machine.is_cut
        };
        Host::ALL.into_iter().filter(is_within)
    }
}

impl Power {
    /// Makes the namespaces of a host, wires them, and has it run a program as the owner of its files.
    fn on(host: Host, folder: &Path, (user, group): (u32, u32), program: &[String]) -> Result<Self> {
        let log: File = OpenOptions::new().create(true).append(true).open(folder.join("log"))?;
        let mut command = Command::new("unshare");
        command.args(["--net", "--pid", "--mount", "--fork", "--kill-child", "sh", "-c", BOOT, "sh"]);
        command.arg(folder).arg(host.address());
        command.args(["setpriv", &format!("--reuid={user}"), &format!("--regid={group}"), "--clear-groups", "--"]);
        let mut made_by = command.args(program).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).spawn()?;
        let mut said = String::new();
        BufReader::new(made_by.stdout.take().context("is piped")?).read_line(&mut said)?;
        let power = Self { made_by, first: said.trim().parse().with_context(|| format!("no process: {said:?}"))? };
        power.wired(host)
    }

    fn wired(mut self, host: Host) -> Result<Self> {
        let (name, first) = (host.to_string(), self.first.to_string());
        run(ip().args(["link", "add", &name, "type", "veth", "peer", "name", "eth0", "netns", &first]))?;
        run(ip().args(["link", "set", &name, "master", "hosts", "up"]))?;
        writeln!(self.made_by.stdin.take().context("is piped")?, "wired")?;
        Ok(self)
    }

    /// Kills all that runs on the host at once: the kernel does so when the first process goes, before that one is gone.
    fn end(mut self) -> Result<()> {
        run(Command::new("sh").args(["-c", &format!("kill -KILL {}", self.first)]))?;
        self.made_by.wait()?;
        Ok(())
    }
}

fn ip() -> Command {
    Command::new("ip")
}

/// How an etcd is started. Its heart beats slower than it would on a machine of its own.
fn etcd(host: Host) -> Vec<String> {
    let url = |port: u16| format!("http://{}:{port}", host.address());
    let (peers, clients) = (url(2380), url(2379));
    let cluster = Host::KEEPERS.map(|host| format!("{host}=http://{}:2380", host.address())).join(",");
    let name = host.to_string();
    let options = [
        ("name", name.as_str()),
        ("data-dir", "data"),
        ("listen-peer-urls", &peers),
        ("initial-advertise-peer-urls", &peers),
        ("listen-client-urls", &clients),
        ("advertise-client-urls", &clients),
        ("initial-cluster", &cluster),
        ("heartbeat-interval", "250"),
        ("election-timeout", "2500"),
    ];
    let options = options.map(|(option, value)| format!("--{option}={value}"));
    ["etcd".to_owned()].into_iter().chain(options).collect()
}

/// What a host's Patroni is told.
///
/// A lease of 20 seconds, which the primary renews every two, and gives up when it could not for five. What a commit tells
/// is on a standby as well, and where there is none, nothing is committed (`synchronous_mode_strict`). A standby that
/// says nothing for ten seconds is gone, and another one takes its part; and standbys look for the primary every second.
fn config(host: Host, folder: &Path, bin: &Path) -> String {
    let (address, folder, bin) = (host.address(), folder.display(), bin.display());
    let etcd = Host::KEEPERS.map(|host| format!("'{}:2379'", host.address())).join(", ");
    format!(
        "scope: ledger
name: {host}
restapi: {{ listen: '{address}:8008', connect_address: '{address}:8008' }}
etcd3: {{ hosts: [{etcd}] }}
bootstrap:
  dcs:
    ttl: 20
    loop_wait: 2
    retry_timeout: 5
    synchronous_mode: true
    synchronous_mode_strict: true
    postgresql:
      use_pg_rewind: true
      parameters:
        shared_buffers: 64MB
        max_connections: 200
        max_wal_size: 256MB
        wal_retrieve_retry_interval: 1s
        wal_sender_timeout: 10s
        wal_receiver_timeout: 10s
        jit: 'off'
        timezone: UTC
        log_timezone: UTC
  initdb: [{{ encoding: UTF8 }}, {{ locale: C.UTF-8 }}, data-checksums, no-sync]
postgresql:
  listen: '{address}:5432'
  connect_address: '{address}:5432'
  data_dir: '{folder}/data'
  bin_dir: '{bin}'
  pgpass: '{folder}/pgpass'
  parameters: {{ unix_socket_directories: '' }}
  pg_hba: ['host all all 10.0.0.0/24 trust', 'host replication all 10.0.0.0/24 trust']
  authentication:
    superuser: {{ username: {ROLE} }}
    replication: {{ username: replicator }}
    rewind: {{ username: {ROLE} }}
watchdog: {{ mode: 'off' }}
"
    )
}

/// Asks a host's Patroni who is there.
fn members(host: Host) -> Result<Vec<Member>> {
    let cluster = http::get(&format!("http://{}:8008/cluster", host.address()))?.json()?;
    let Some(members) = cluster["members"].as_array() else { bail!("no members in {cluster}") };
    let text = |member: &Value, field: &str| member[field].as_str().unwrap_or_default().to_owned();
    let member = |member: &Value| Member {
        name: text(member, "name"),
        role: text(member, "role"),
        state: text(member, "state"),
        timeline: member["timeline"].as_i64(),
        lag: member["lag"].as_i64(),
    };
    Ok(members.iter().map(member).collect())
}

/// Whether all hosts are there in their parts, on one timeline, and the standbys are not far behind.
fn is_whole(members: &[Member]) -> bool {
    const BEHIND_MAX: i64 = 1024 * 1024;
    let count = |role: &str| members.iter().filter(|member| member.role == role).count();
    let timeline = members.first().and_then(|member| member.timeline);
    let is_well = |member: &Member| {
        member.state == "running"
            && member.timeline == timeline
            && (member.role == "leader" || member.lag.is_some_and(|lag| lag < BEHIND_MAX))
    };
    (count("leader"), count("sync_standby"), count("replica")) == (1, 1, 1) && members.iter().all(is_well)
}

impl Drop for Replicated {
    fn drop(&mut self) {
        for machine in &mut self.machines {
            drop(machine.power.take().map(Power::end)); // nobody is left to tell
        }
        for keeper in self.keepers.drain(..) {
            drop(keeper.end());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(role: &str, timeline: i64, lag: Option<i64>) -> Member {
        let text = str::to_owned;
        Member { name: text("h1"), role: text(role), state: text("running"), timeline: Some(timeline), lag }
    }

    #[test]
    fn whole_is_a_primary_with_both_standbys_on_its_timeline() {
        let whole = [member("leader", 2, None), member("sync_standby", 2, Some(0)), member("replica", 2, Some(0))];
        assert!(is_whole(&whole));
        let with = |change: fn(&mut Member)| {
            let mut members = whole.clone();
            change(&mut members[2]);
            is_whole(&members)
        };
        assert!(!with(|member| member.state = "starting".to_owned()));
        assert!(!with(|member| member.timeline = Some(1)));
        assert!(!with(|member| member.lag = None));
        assert!(!with(|member| member.role = "leader".to_owned()));
        assert!(!is_whole(&whole[..2]) && !is_whole(&[]));
    }

    #[test]
    fn hosts_are_not_made_on_the_machine_itself() {
        let refused = Replicated::start().expect_err("is not apart").to_string();
        assert!(refused.contains("run apart"), "{refused}");
    }
}
