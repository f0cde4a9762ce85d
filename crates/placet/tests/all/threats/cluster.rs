//! A PostgreSQL server of one test, ended with it in whatever way it ends: a shell that holds it reads from this process.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

const SCRIPT: &str = r#"
bin=$(pg_config --bindir 2>/dev/null)
[ -x "$bin/initdb" ] || bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -x "$bin/initdb" ] || { echo missing; exit 1; }
dir=$(mktemp -d /tmp/placet-pg-XXXXXX) || exit 1
"$bin/initdb" -D "$dir/data" --auth=trust --username=placet --encoding=UTF8 --locale=C --no-sync >"$dir/initdb" 2>&1 \
  || { cat "$dir/initdb" >&2; echo failed; exit 1; }
cat >>"$dir/data/postgresql.conf" <<END
unix_socket_directories = '$dir'
listen_addresses = ''
log_min_messages = error
END
start() {
  "$bin/postgres" -D "$dir/data" >>"$dir/log" 2>&1 & pid=$!
  until "$bin/pg_isready" -q -h "$dir"; do sleep 0.05; done
}
start
"$bin/createdb" -h "$dir" -U placet -T template0 placet
"$bin/createdb" -h "$dir" -U placet -T template0 other
echo "$dir"
while read -r word; do
  case $word in
    stop) kill -INT $pid; wait $pid ;;
    start) start ;;
  esac
  echo done
done
kill -QUIT $pid; wait $pid
rm -rf "$dir"
"#;

pub(super) struct Cluster {
    shell: Child,
    talk: Option<(ChildStdin, BufReader<ChildStdout>)>,
    directory: String,
}

impl Cluster {
    pub(super) fn start() -> Self {
        let mut shell = unprivileged()
            .args(["sh", "-c", SCRIPT])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = shell.stdin.take().unwrap();
        let mut output = BufReader::new(shell.stdout.take().unwrap());
        let mut said = String::new();
        output.read_line(&mut said).unwrap();
        assert!(
            said.starts_with('/'),
            "no PostgreSQL server to start: {said}"
        );
        Self {
            shell,
            talk: Some((input, output)),
            directory: said.trim().to_owned(),
        }
    }

    /// The URL of `placet` or `other`.
    pub(super) fn url(&self, database: &str) -> String {
        let host = self.directory.replace('/', "%2F");
        format!("postgres://placet@{host}/{database}")
    }

    /// Stops or starts the server, and waits until it is done.
    pub(super) fn tell(&mut self, word: &str) {
        let (input, output) = self.talk.as_mut().unwrap();
        writeln!(input, "{word}").unwrap();
        let mut answer = String::new();
        output.read_line(&mut answer).unwrap();
        assert_eq!(answer.trim(), "done");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The shell reads until its input is closed, and then ends the server.
        drop(self.talk.take());
        drop(self.shell.wait());
    }
}

/// A command that does not run as root, as whom the server refuses to.
fn unprivileged() -> Command {
    let id = |words: &[&str]| {
        let output = Command::new("id").args(words).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    if id(&["-u"]) != "0" {
        return Command::new("env");
    }
    let known = !id(&["-u", "postgres"]).is_empty();
    let user = if known { "postgres" } else { "nobody" };
    let mut command = Command::new("setpriv");
    let (uid, gid) = (id(&["-u", user]), id(&["-g", user]));
    command.args(["--reuid", &uid, "--regid", &gid, "--clear-groups"]);
    command
}
