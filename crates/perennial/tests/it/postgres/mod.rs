//! The ledger in PostgreSQL: every command on it, several processes that serve it at the same time, and a pooler in
//! between.

mod commands;
mod fleet;
mod pooler;
mod webhooks;
mod wrong;

use std::fs::File;
use std::process::{Child, Stdio};
use std::thread;

use perennial_testkit::{Cluster, Env, OvhClient, process, sandbox};

use crate::serve::config;
use crate::shop::{SHOP, Shop, client};

/// A shop whose ledger is in a PostgreSQL database.
pub struct World {
    pub shop: Shop,
    pub url: String,
}

impl World {
    /// A database with nothing in it.
    pub fn empty() -> Self {
        let url = Cluster::shared().unwrap().database().unwrap();
        Self { shop: Shop::on(Some(url.clone())), url }
    }

    /// A database with the shop imported.
    fn open() -> Self {
        let world = Self::empty();
        let file = world.shop.write("shop.toml", SHOP);
        world.shop.run(&["import", &file]).done();
        world
    }

    /// Starts a process that serves the ledger, by its URL in the configuration.
    pub fn serve(&self) -> Node {
        let mut node = self.launch();
        node.wait();
        node
    }

    pub fn launch(&self) -> Node {
        let port = sandbox::free_ports().unwrap();
        let written =
            (config(port) + crate::webhooks::ALLOWED).replace("path = \"shop.db\"", &format!("url = \"{}\"", self.url));
        assert!(written.contains(&self.url), "{written}");
        let file = self.shop.write(&format!("{port}.toml"), &written);
        let log = self.shop.path(&format!("{port}.log"));
        let mut command = self.shop.command(&["serve", "--config", &file]);
        command.env_remove("PERENNIAL_DATABASE").stdout(Stdio::null()).stderr(File::create(&log).unwrap());
        Node { child: command.spawn().unwrap(), port, log }
    }
}

/// A process that serves the ledger; killed when dropped.
pub struct Node {
    child: Child,
    port: u16,
    log: String,
}

impl Node {
    fn wait(&mut self) {
        let ready = process::wait_until_ready(&mut self.child, &format!("http://127.0.0.1:{}/readyz", self.port));
        ready.unwrap_or_else(|error| panic!("{error:#}\n{}", self.log()));
    }

    fn client(&self, keys: &Env) -> OvhClient {
        client(keys, self.port)
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Asks it to end, and waits.
    fn stop(&mut self) {
        process::ask_to_end(&self.child).unwrap();
        let status = process::wait_for_end(&mut self.child).unwrap();
        assert!(status.success(), "{status}\n{}", self.log());
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("a server wrote:\n{}", self.log());
        }
    }
}
