//! One harness for all tests: a folder of its own, the flowbook command in it, and a failure that prints the
//! command, the tree and both outputs.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder for one test, gone at its end.
pub(crate) struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a temporary folder") }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("inside the folder")).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// Names in the folder itself, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Copies the program here, for users and limits that the built one is not for. Another process does it: a test that starts
    /// a program meanwhile would pass on a file that is open for writing, and such a program cannot be started.
    #[cfg(unix)]
    pub(crate) fn copy_program(&self, to: &Path) {
        let done = Command::new("cp").arg(env!("CARGO_BIN_EXE_flowbook")).arg(to).status().unwrap();
        assert!(done.success(), "{}", self.path("").display());
    }

    /// The flowbook command, run in the folder, in a known environment.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flowbook"));
        command.current_dir(self.dir.path());
        command.env("LC_ALL", "C").env("SOURCE_DATE_EPOCH", "1772323200").env_remove("RUST_BACKTRACE");
        command
    }

    /// Runs flowbook and expects an exit code.
    pub(crate) fn run(&self, arguments: &[&str], code: i32) -> Done {
        let output = self.command().args(arguments).output().expect("flowbook starts");
        let done = Done::of(&output);
        let as_expected = output.status.code() == Some(code);
        assert!(as_expected, "expected exit code {code}\n{}", self.describe(arguments, &output));
        done
    }

    /// Runs flowbook; whether it succeeded.
    pub(crate) fn run_any(&self, arguments: &[&str]) -> bool {
        self.command().args(arguments).output().expect("flowbook starts").status.success()
    }

    /// `flowbook export` over the hours of 1 March 2026, UTC, with more arguments.
    pub(crate) fn export(&self, more: &[&str], code: i32) -> Done {
        self.run(&export_arguments(more), code)
    }

    /// [`Place::export`], not run yet.
    pub(crate) fn export_command(&self, more: &[&str]) -> Command {
        let mut command = self.command();
        command.args(export_arguments(more));
        command
    }

    /// As [`Place::export`], with an `--output` of its own.
    pub(crate) fn export_to(&self, more: &[&str], code: i32) -> Done {
        let mut arguments = vec!["export", "--start-time", "2026-03-01T00:00:00Z", "--end-time"];
        arguments.extend(["2026-03-02T00:00:00Z", "--type", "flow"]);
        arguments.extend(more);
        self.run(&arguments, code)
    }

    fn describe(&self, arguments: &[&str], output: &Output) -> String {
        let mut text = format!("command: flowbook {}\nstatus: {}\n", arguments.join(" "), output.status);
        for entry in walkdir::WalkDir::new(self.dir.path()).into_iter().flatten() {
            let size = entry.metadata().map_or(0, |m| m.len());
            let _ = writeln!(text, "tree: {} ({size})", entry.path().display());
        }
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        text + &format!("stdout:\n{out}\nstderr:\n{err}")
    }
}

fn export_arguments<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["export", "--start-time", "2026-03-01T00:00:00Z", "--end-time"];
    arguments.extend(["2026-03-02T00:00:00Z", "--output", "out.xlsx"]);
    if !more.contains(&"--type") {
        arguments.extend(["--type", "flow"]);
    }
    arguments.extend(more);
    arguments
}

/// What a run printed.
pub(crate) struct Done {
    pub stdout: String,
    pub stderr: String,
}

impl Done {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// Expects every part in the messages.
    #[track_caller]
    pub(crate) fn says(&self, parts: &[&str]) -> &Self {
        for part in parts {
            assert!(self.stderr.contains(part), "expected {part:?} in:\n{}", self.stderr);
        }
        self
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e} in:\n{}", self.stdout))
    }
}

/// A good native line: time as in the log, domain, response bytes.
pub(crate) fn line(time: &str, domain: &str, bytes: u64) -> String {
    format!(
        "[{time}] 1.2.3.4 - 5 \"-\" \"GET http://{domain}/x\" 200 300 {bytes} HIT \"Mozilla/5.0\" \"text/html\"\n"
    )
}

/// `text` as one gzip member.
pub(crate) fn gzip(text: &[u8]) -> Vec<u8> {
    encode(flowbook::codec::Codec::Gzip, text)
}

/// `text`, compressed.
pub(crate) fn encode(codec: flowbook::codec::Codec, text: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flowbook::codec::Encoder::new(codec, Vec::new()).unwrap();
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}
