//! Mounts that only processes of a namespace see, so that nobody needs to be root.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use credit_tests::scratch;

/// A namespace; kept by a process that waits for the end of its input.
pub(crate) struct Namespace(Child);

impl Namespace {
    /// A new one, in which `script` (of `sh`, with `arguments`) mounts what is wanted.
    #[track_caller]
    pub(crate) fn new(script: &str, arguments: &[&Path]) -> Self {
        let script = format!("{script} && echo mounted && exec cat");
        let mut holder = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script, "sh"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare (util-linux)");
        scratch::began(holder.id());
        let mut line = String::new();
        let out = holder.stdout.take().expect("piped");
        BufReader::new(out).read_line(&mut line).expect("a line");
        assert_eq!(line, "mounted\n", "no mounts in a namespace of our own; unshare says why above");
        Self(holder)
    }

    /// A command in it, with the program, arguments and environment of another. It keeps its process id: nsenter becomes it.
    pub(crate) fn inside(&self, command: &Command) -> Command {
        let mut inside = Command::new("nsenter");
        inside.args(["--user", "--mount", "--preserve-credentials", "--target", &self.0.id().to_string(), "--"]);
        inside.arg(command.get_program()).args(command.get_args());
        inside.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        inside
    }

    /// Mounts something else.
    #[track_caller]
    pub(crate) fn mount(&self, options: &[&str], arguments: &[&Path]) {
        let mut mount = Command::new("mount");
        mount.args(options).args(arguments);
        assert!(self.inside(&mount).status().expect("nsenter (util-linux)").success());
    }

    /// A path in it, as we see it from outside.
    pub(crate) fn seen(&self, path: &Path) -> PathBuf {
        let below_root = path.strip_prefix("/").expect("absolute");
        Path::new("/proc").join(self.0.id().to_string()).join("root").join(below_root)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
        scratch::ended(self.0.id());
    }
}
