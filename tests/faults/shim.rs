//! Faults of the disk, injected into a server: see `shim.c`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Error numbers of the system.
pub(crate) const EIO: i64 = 5;
pub(crate) const ENOSPC: i64 = 28;

pub(crate) struct Shim {
    control: PathBuf,
    library: PathBuf,
    armed: usize,
}

impl Shim {
    /// Compiles the library, with the linker's own compiler.
    pub(crate) fn build(folder: &Path) -> Self {
        let (control, library) = (folder.join("control"), folder.join("shim.so"));
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults/shim.c");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).args([source, "-ldl"]);
        assert!(compiler.status().expect("cc runs").success());
        Self { control, library, armed: 0 }
    }

    /// The settings that load it into a server.
    pub(crate) fn env(&self) -> [(&'static str, String); 2] {
        let text = |path: &Path| path.to_str().expect("a path in UTF-8").to_owned();
        [("LD_PRELOAD", text(&self.library)), ("FAULT_CONTROL", text(&self.control))]
    }

    /// Lets `count` calls fail after `skip` more have passed; a negative error delays them instead, in
    /// milliseconds.
    pub(crate) fn arm(&mut self, call: &str, skip: usize, count: usize, error: i64) {
        self.armed += 1;
        // The number makes each text new, so that the calls are counted anew.
        self.put(&format!("{call} {skip} {count} {error} {}", self.armed));
    }

    /// Lets every call pass.
    pub(crate) fn disarm(&self) {
        self.put("");
    }

    /// Replaces the file at once: the server reads it at any moment.
    fn put(&self, text: &str) {
        let new = self.control.with_extension("new");
        fs::write(&new, text).and_then(|()| fs::rename(&new, &self.control)).expect("the control file");
    }

    /// How many calls failed so far.
    pub(crate) fn hits(&self) -> usize {
        fs::read(self.control.with_extension("hits")).map_or(0, |hits| hits.len())
    }
}
