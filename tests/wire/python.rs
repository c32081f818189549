//! Programs of Python packages. They are installed in the build folder, never in the source tree.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::demo::Demo;

/// Creates a virtual environment with the packages of a folder, and returns its interpreter.
pub(crate) fn interpreter(packages: &str) -> PathBuf {
    let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join(packages).join("requirements.txt");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(packages.replace('/', "-"));
    let bin = folder.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let installed = folder.join("installed.txt");
    if fs::read(&installed).ok() != fs::read(&requirements).ok() {
        let run = |program: &Path, arguments: &[&str]| {
            let output = Command::new(program).args(arguments).output();
            let output = output.expect("these tests need Python 3.10 or later with venv and pip");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        };
        let path = |path: &Path| path.to_str().expect("UTF-8").to_owned();
        run(Path::new("python3"), &["-m", "venv", "--clear", &path(&folder)]);
        let options = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
        run(&bin.join("python"), &[&options[..], &[&path(&requirements)]].concat());
        fs::copy(&requirements, &installed).expect("a copy");
    }
    bin.join("python")
}

/// The client looks for the response header `Sec-WebSocket-Protocol` in this spelling, and its users give it
/// the URL of the HTTP endpoint.
#[test]
fn the_package_gql_subscribes_over_a_websocket() {
    let server = Demo::start();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire/python/subscription.py");
    for path in ["/graphql", "/graphql/ws"] {
        let url = server.url(path).replace("http://", "ws://");
        let mut command = Command::new(interpreter("tests/wire/python"));
        command
            .arg(&script)
            .args([&url, &server.keys()["PROGRAM_STAFF"]])
            .env("PYTHONDONTWRITEBYTECODE", "1");
        let output = command.output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(said, "PROGRAM_STAFF\n1\n2\n3\n");
    }
}
