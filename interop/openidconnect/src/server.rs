//! The real `placet serve` on a free loopback port.

use std::{
    env,
    error::Error,
    fs::{self, File},
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

const START_LIMIT: Duration = Duration::from_secs(20);

pub struct Server {
    child: Child,
    pub issuer: String,
}

impl Server {
    /// Starts a server with these declarations and waits until it answers.
    pub fn start(declarations: &str) -> Result<Self, Box<dyn Error>> {
        let folder = env::var_os("PLACET_WORK").map_or_else(env::temp_dir, PathBuf::from);
        let folder = folder.join(format!("server-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let issuer = format!("http://127.0.0.1:{port}");
        let config = folder.join("placet.toml");
        let store = folder.join("placet.db");
        let text = format!(
            "public_origin = \"{issuer}\"\nlisten = \"127.0.0.1:{port}\"\ndevelopment = true\n\
             database_url = \"sqlite:{}\"\n[limits]\npoll_interval_s = 1\n{declarations}",
            store.display()
        );
        fs::write(&config, text)?;
        let log = File::create(folder.join("server.log"))?;
        let binary = env::var_os("PLACET_BIN").ok_or("PLACET_BIN is not set")?;
        let mut command = Command::new(binary);
        // The server reads every PLACET_ variable as a setting; those of the gate are none.
        for (name, _) in
            env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PLACET_"))
        {
            command.env_remove(name);
        }
        let child = command
            .arg("serve")
            .arg("--config")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let mut server = Self { child, issuer };
        let begun = Instant::now();
        let url = format!("{}/.well-known/openid-configuration", server.issuer);
        while begun.elapsed() < START_LIMIT && server.child.try_wait()?.is_none() {
            if reqwest::blocking::get(&url).is_ok_and(|reply| reply.status().is_success()) {
                return Ok(server);
            }
            thread::sleep(Duration::from_millis(20));
        }
        Err(format!(
            "the server did not start: {}",
            fs::read_to_string(folder.join("server.log"))?
        )
        .into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone is what we want.
        self.child.kill().unwrap_or_default();
        self.child.wait().map(drop).unwrap_or_default();
    }
}
