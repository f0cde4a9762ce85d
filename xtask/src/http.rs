//! A small HTTP/1.1 client for plain loopback connections.
//!
//! It keeps the connection open and never repeats a request by itself: whoever sends must know whether an answer was lost.
//!
//! Spec: RFC 9112 §6

use std::{
    fmt::Write as _,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

const TIMEOUT: Duration = Duration::from_secs(15);

/// What is sent.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
}

impl Request {
    pub(crate) fn get(path: &str) -> Self {
        Self {
            method: "GET",
            path: path.to_owned(),
            headers: Vec::new(),
            body: None,
        }
    }

    /// A form post.
    pub(crate) fn post(path: &str, fields: &[(&str, &str)]) -> Self {
        let headers = vec![(
            "content-type".to_owned(),
            "application/x-www-form-urlencoded".to_owned(),
        )];
        Self {
            method: "POST",
            path: path.to_owned(),
            headers,
            body: Some(form(fields)),
        }
    }

    /// A post of JSON; of nothing where the text is empty.
    pub(crate) fn json(path: &str, text: &str) -> Self {
        let body = (!text.is_empty()).then(|| text.to_owned());
        let media_type = body.as_ref().map(|_| "application/json");
        let header = |value: &str| ("content-type".to_owned(), value.to_owned());
        Self {
            method: "POST",
            path: path.to_owned(),
            headers: media_type.map(header).into_iter().collect(),
            body,
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a client's name and password as RFC 6749 §2.3.1 asks.
    pub(crate) fn basic(self, client: &str, secret: &str) -> Self {
        let credentials = format!("{}:{}", escape(client), escape(secret));
        self.header(
            "authorization",
            &format!("Basic {}", base64(credentials.as_bytes())),
        )
    }
}

/// What came back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reply {
    /// The first value of a header, by lower-case name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers_named(name).next()
    }

    /// All values of a header, by lower-case name.
    pub(crate) fn headers_named(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers
            .iter()
            .filter(move |(given, _)| given == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as JSON; null when it is none.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or(serde_json::Value::Null)
    }
}

/// One kept connection.
#[derive(Debug)]
pub(crate) struct Connection {
    address: String,
    /// What the `Host` header says.
    host: String,
    stream: Option<BufReader<TcpStream>>,
}

impl Connection {
    /// A connection to `127.0.0.1:PORT`, opened at once.
    pub(crate) fn open(address: &str) -> io::Result<Self> {
        let mut connection = Self::lazy(address);
        connection.stream()?;
        Ok(connection)
    }

    /// A connection opened with its first request.
    pub(crate) fn lazy(address: &str) -> Self {
        Self::behind(address, address)
    }

    /// The same to one of several servers that stand behind the name `host`.
    pub(crate) fn behind(address: &str, host: &str) -> Self {
        Self {
            address: address.to_owned(),
            host: host.to_owned(),
            stream: None,
        }
    }

    /// Ends what a server may have ended already, after a time without a request. The next one opens it again.
    pub(crate) fn hang_up(&mut self) {
        self.stream = None;
    }

    /// Sends and waits for the answer.
    pub(crate) fn send(&mut self, request: &Request) -> io::Result<Reply> {
        let result = self.exchange(request);
        let closing = |reply: &Reply| {
            reply
                .header("connection")
                .is_some_and(|value| value.eq_ignore_ascii_case("close"))
        };
        if result.as_ref().map_or(true, closing) {
            self.stream = None;
        }
        result
    }

    fn stream(&mut self) -> io::Result<&mut BufReader<TcpStream>> {
        if self.stream.is_none() {
            let address: SocketAddr = self.address.parse().map_err(io::Error::other)?;
            let stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
            stream.set_read_timeout(Some(TIMEOUT))?;
            stream.set_write_timeout(Some(TIMEOUT))?;
            stream.set_nodelay(true)?;
            self.stream = Some(BufReader::new(stream));
        }
        self.stream
            .as_mut()
            .ok_or_else(|| io::Error::other("no connection"))
    }

    fn exchange(&mut self, request: &Request) -> io::Result<Reply> {
        let mut text = format!(
            "{} {} HTTP/1.1\r\nhost: {}\r\n",
            request.method, request.path, self.host
        );
        for (name, value) in &request.headers {
            text.push_str(name);
            text.push_str(": ");
            text.push_str(value);
            text.push_str("\r\n");
        }
        if let Some(body) = &request.body {
            let _ = write!(text, "content-length: {}\r\n\r\n{body}", body.len());
        } else {
            text.push_str("\r\n");
        }
        let stream = self.stream()?;
        stream.get_mut().write_all(text.as_bytes())?;
        read_reply(stream)
    }
}

/// What an answer that ended too early is called in errors.
pub(crate) const TORN: &str = "torn answer";

fn read_reply(stream: &mut BufReader<TcpStream>) -> io::Result<Reply> {
    let first = line(stream)?;
    read_rest(stream, &first).map_err(|error| {
        if error.kind() == io::ErrorKind::WouldBlock {
            error
        } else {
            io::Error::new(error.kind(), TORN)
        }
    })
}

fn read_rest(stream: &mut BufReader<TcpStream>, first: &str) -> io::Result<Reply> {
    let status = first.split(' ').nth(1).and_then(|word| word.parse().ok());
    let status = status.ok_or_else(|| io::Error::other(format!("not HTTP: {first}")))?;
    let mut reply = Reply {
        status,
        ..Reply::default()
    };
    loop {
        let header = line(stream)?;
        let Some((name, value)) = header.split_once(':') else {
            break;
        };
        reply
            .headers
            .push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut body = Vec::new();
    if reply
        .header("transfer-encoding")
        .is_some_and(|value| value.contains("chunked"))
    {
        loop {
            let size = line(stream)?;
            let size = u64::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16)
                .map_err(io::Error::other)?;
            read_exactly(stream, size, &mut body)?;
            line(stream)?;
            if size == 0 {
                break;
            }
        }
    } else if let Some(length) = reply
        .header("content-length")
        .and_then(|value| value.parse().ok())
    {
        read_exactly(stream, length, &mut body)?;
    }
    reply.body = String::from_utf8_lossy(&body).into_owned();
    Ok(reply)
}

fn read_exactly(
    stream: &mut BufReader<TcpStream>,
    size: u64,
    body: &mut Vec<u8>,
) -> io::Result<()> {
    let read = stream.take(size).read_to_end(body)?;
    if read as u64 == size {
        Ok(())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

fn line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut text = String::new();
    let read = stream.read_line(&mut text)?;
    if read > 0 && !text.ends_with('\n') {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, TORN));
    }
    if read == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    text.truncate(text.trim_end().len());
    Ok(text)
}

/// `application/x-www-form-urlencoded`.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{}={}", escape(name), escape(value)))
        .collect();
    pairs.join("&")
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Base64 with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let bits = group
            .iter()
            .fold(0_u32, |bits, byte| (bits << 8) | u32::from(*byte))
            << (8 * (3 - group.len()));
        for place in 0..4 {
            let index = (bits >> (18 - 6 * place)) as usize % 64;
            let letter = ALPHABET.get(index).copied().map_or('=', char::from);
            out.push(if place > group.len() { '=' } else { letter });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread};

    use super::*;

    #[test]
    fn rfc4648_10_base64_vectors() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn forms_escape_everything_but_unreserved_letters() {
        assert_eq!(
            form(&[("a b", "c&d=ü"), ("x", "-._~")]),
            "a%20b=c%26d%3D%C3%BC&x=-._~"
        );
    }

    #[test]
    fn rfc9112_6_bodies_by_length_and_in_chunks_on_one_connection_and_a_cut_one_is_lost() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream);
            for answer in [
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
                "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
            ] {
                while !line(&mut reader).unwrap().is_empty() {}
                reader.get_mut().write_all(answer.as_bytes()).unwrap();
            }
        });
        let mut connection = Connection::open(&address).unwrap();
        let request = Request::get("/");
        let first = connection.send(&request).unwrap();
        assert_eq!((first.status, first.body.as_str()), (200, "hello"));
        let second = connection.send(&request).unwrap();
        assert_eq!((second.status, second.body.as_str()), (201, "abcde"));
        assert!(connection.send(&request).is_err());
        server.join().unwrap();
    }
}
