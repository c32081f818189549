//! A peer: `PostGraphile` on the same database, in a process of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A running peer, which ends when this is dropped.
pub(crate) struct Peer {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) process: u32,
}

impl Peer {
    /// Starts it on a database. The folder has its packages: `npm ci` in `benches/load/peer`.
    pub(crate) fn start(folder: &Path, database: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let folder = folder.canonicalize().map_err(|error| format!("{}: {error}", folder.display()))?;
        let child = Command::new(folder.join("node_modules/node/bin/node"))
            .arg(folder.join("server.mjs"))
            .envs([("DATABASE_URL", database), ("NODE_ENV", "production"), ("GRAPHILE_ENV", "production")])
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("the peer, whose packages `npm ci` installs: {error}"))?;
        let process = child.id();
        let mut peer = Self { child, address: ([127, 0, 0, 1], 0).into(), process };
        let mut line = String::new();
        if let Some(output) = &mut peer.child.stdout {
            BufReader::new(output).read_line(&mut line)?;
        }
        let address = line.trim_end().strip_prefix("Listening on ").ok_or("the peer did not start")?;
        peer.address = address.parse()?;
        Ok(peer)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
