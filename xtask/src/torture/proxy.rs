//! A TCP proxy between a node and its store that can cut, hold, slow and throttle what passes.
//!
//! Bytes are never lost or changed: TCP would send them again. What a bad network does to a program is that bytes come
//! late, come slowly, stop coming, or that the connection ends.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// How often a held connection looks whether it may go on.
const LOOK: Duration = Duration::from_millis(20);
const BLOCK_BYTES: usize = 16 * 1024;

/// What happens to what passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    Good,
    /// Connections end, and no new one is taken.
    Cut,
    /// Connections stay, and nothing passes: as when packets are lost and nobody says so.
    Silent,
    /// Everything comes later by this.
    Late(Duration),
    /// Every so manieth block comes later by this, as a lost packet does.
    Lossy {
        one_in: u32,
        late: Duration,
    },
    /// Bytes per second, in each direction of each connection.
    Narrow(u32),
}

#[derive(Debug)]
struct Shared {
    network: Mutex<Network>,
    ended: AtomicBool,
}

impl Shared {
    fn network(&self) -> Network {
        *self.network.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }
}

/// A running proxy.
#[derive(Debug)]
pub(crate) struct Proxy {
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
    shared: Arc<Shared>,
}

impl Proxy {
    /// A proxy to `target`.
    pub(crate) fn to(target: &str) -> Result<Self, String> {
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let shared = Arc::new(Shared {
            network: Mutex::new(Network::Good),
            ended: AtomicBool::new(false),
        });
        let (target, own) = (target.to_owned(), Arc::clone(&shared));
        thread::spawn(move || accept(&listener, &target, &own));
        Ok(Self {
            address: address.to_string(),
            shared,
        })
    }

    /// From now on.
    pub(crate) fn set(&self, network: Network) {
        *self
            .shared
            .network
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = network;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts; when it does not listen any more there is nothing to wake.
        drop(TcpStream::connect(&self.address));
    }
}

fn accept(listener: &TcpListener, target: &str, shared: &Arc<Shared>) {
    for client in listener.incoming().flatten() {
        if shared.ended() {
            return;
        }
        if shared.network() == Network::Cut {
            continue;
        }
        let (target, shared) = (target.to_owned(), Arc::clone(shared));
        thread::spawn(move || {
            // A target that does not answer ends the client's connection, as it would without us.
            if let Ok(server) = TcpStream::connect(target) {
                both(&client, &server, &shared);
            }
        });
    }
}

fn both(client: &TcpStream, server: &TcpStream, shared: &Arc<Shared>) {
    let pairs = [(client, server), (server, client)];
    thread::scope(|scope| {
        for (from, to) in pairs {
            scope.spawn(move || {
                // Either side's end is the other's.
                drop(pass(from, to, shared));
                drop(from.shutdown(Shutdown::Both));
                drop(to.shutdown(Shutdown::Both));
            });
        }
    });
}

fn pass(mut from: &TcpStream, mut to: &TcpStream, shared: &Shared) -> std::io::Result<()> {
    from.set_nodelay(true)?;
    to.set_nodelay(true)?;
    from.set_read_timeout(Some(LOOK))?;
    let mut block = [0; BLOCK_BYTES];
    let mut count: u32 = 0;
    loop {
        if shared.ended() || shared.network() == Network::Cut {
            return Ok(());
        }
        let read = match from.read(&mut block) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        };
        count = count.wrapping_add(1);
        if !hold(read, count, shared) {
            return Ok(());
        }
        to.write_all(block.get(..read).unwrap_or_default())?;
    }
}

/// Waits as the network asks; false when the connection is to end.
fn hold(bytes: usize, count: u32, shared: &Shared) -> bool {
    match shared.network() {
        Network::Good => {}
        Network::Late(late) => thread::sleep(late),
        Network::Lossy { one_in, late } => {
            if count.is_multiple_of(one_in.max(1)) {
                thread::sleep(late);
            }
        }
        Network::Narrow(bytes_per_s) => {
            let seconds =
                u32::try_from(bytes).map_or(0.0, f64::from) / f64::from(bytes_per_s.max(1));
            thread::sleep(Duration::from_secs_f64(seconds));
        }
        Network::Silent | Network::Cut => {
            while shared.network() == Network::Silent && !shared.ended() {
                thread::sleep(LOOK);
            }
        }
    }
    !shared.ended() && shared.network() != Network::Cut
}

#[cfg(test)]
mod tests {
    use std::{io, time::Instant};

    use super::*;

    /// A server that sends back what it gets.
    fn echo() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(move || io::copy(&mut &stream, &mut &stream));
            }
        });
        address
    }

    fn ask(stream: &mut TcpStream) -> io::Result<[u8; 2]> {
        stream.write_all(b"hi")?;
        let mut answer = [0; 2];
        stream.read_exact(&mut answer)?;
        Ok(answer)
    }

    #[test]
    fn what_passes_can_be_held_slowed_and_cut() {
        let proxy = Proxy::to(&echo()).unwrap();
        let mut stream = TcpStream::connect(&proxy.address).unwrap();
        assert_eq!(&ask(&mut stream).unwrap(), b"hi");
        proxy.set(Network::Late(Duration::from_millis(60)));
        let begun = Instant::now();
        assert_eq!(&ask(&mut stream).unwrap(), b"hi");
        assert!(begun.elapsed() >= Duration::from_millis(120));
        proxy.set(Network::Silent);
        stream
            .set_read_timeout(Some(Duration::from_millis(100)))
            .unwrap();
        assert_eq!(
            ask(&mut stream).unwrap_err().kind(),
            io::ErrorKind::WouldBlock
        );
        // Nothing was lost meanwhile.
        proxy.set(Network::Good);
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        let mut late = [0; 2];
        stream.read_exact(&mut late).unwrap();
        assert_eq!(&late, b"hi");
        assert_eq!(&ask(&mut stream).unwrap(), b"hi");
        proxy.set(Network::Cut);
        // The end comes by itself, soon after.
        assert_eq!(stream.read(&mut late).unwrap_or(0), 0);
        let mut refused = TcpStream::connect(&proxy.address).unwrap();
        assert!(ask(&mut refused).is_err());
        proxy.set(Network::Good);
        let mut again = TcpStream::connect(&proxy.address).unwrap();
        assert_eq!(&ask(&mut again).unwrap(), b"hi");
    }
}
