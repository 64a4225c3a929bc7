//! A store service of the tests' own: HTTP/1.1 in bare bytes, so that it can answer what no server would.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustix::net::sockopt;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) head: String,
    pub(crate) body: Value,
    /// Counts the connections, from 0.
    pub(crate) connection: usize,
}

/// What an answer does next.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Send(Vec<u8>),
    Wait(Duration),
    Close,
    /// Closes so that the other side gets a reset.
    Reset,
}

type Answer = Arc<dyn Fn(&Asked) -> Vec<Step> + Send + Sync>;

struct Shared {
    answer: Mutex<Answer>,
    asked: Mutex<Vec<Asked>>,
}

/// Answers as the test says, for as long as the test process lives.
pub(crate) struct Service {
    port: u16,
    shared: Arc<Shared>,
}

impl Service {
    pub(crate) fn plain(answer: impl Fn(&Asked) -> Vec<Step> + Send + Sync + 'static) -> Self {
        Self::start(None, answer)
    }

    pub(crate) fn over_tls(
        config: Arc<ServerConfig>,
        answer: impl Fn(&Asked) -> Vec<Step> + Send + Sync + 'static,
    ) -> Self {
        Self::start(Some(config), answer)
    }

    fn start(tls: Option<Arc<ServerConfig>>, answer: impl Fn(&Asked) -> Vec<Step> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared { answer: Mutex::new(Arc::new(answer)), asked: Mutex::default() });
        let ours = Arc::clone(&shared);
        std::thread::spawn(move || {
            for (connection, stream) in listener.incoming().enumerate() {
                let (shared, tls) = (Arc::clone(&ours), tls.clone());
                std::thread::spawn(move || {
                    let stream = stream.unwrap();
                    match tls {
                        None => serve(&stream, &stream, connection, &shared),
                        Some(config) => {
                            let session = ServerConnection::new(config).unwrap();
                            serve(&stream, StreamOwned::new(session, &stream), connection, &shared);
                        }
                    }
                });
            }
        });
        Self { port, shared }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/credit", self.port)
    }

    /// Answers otherwise from now on.
    pub(crate) fn answers(&self, answer: impl Fn(&Asked) -> Vec<Step> + Send + Sync + 'static) {
        *self.shared.answer.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(answer);
    }

    /// Every request that came.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }
}

fn serve(socket: &TcpStream, stream: impl Read + Write, connection: usize, shared: &Shared) {
    let mut reader = BufReader::new(stream);
    while let Some((head, body)) = read(&mut reader) {
        let asked = Asked { head, body: serde_json::from_slice(&body).unwrap_or_default(), connection };
        shared.asked.lock().unwrap().push(asked.clone());
        let answer = Arc::clone(&*shared.answer.lock().unwrap_or_else(PoisonError::into_inner));
        for step in answer(&asked) {
            match step {
                // The other side may have gone: what comes of that is the test's.
                Step::Send(bytes) => drop(reader.get_mut().write_all(&bytes).and_then(|()| reader.get_mut().flush())),
                Step::Wait(time) => std::thread::sleep(time),
                Step::Close => return,
                Step::Reset => {
                    sockopt::set_socket_linger(socket, Some(Duration::ZERO)).unwrap();
                    return;
                }
            }
        }
    }
}

/// One request: its head and its body.
pub(crate) fn read(reader: &mut impl BufRead) -> Option<(String, Vec<u8>)> {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let from = head.len();
        if reader.read_line(&mut head).unwrap_or_default() == 0 {
            return None;
        }
        let line = head[from..].to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((head, body))
}

/// A whole answer in order, with more headers.
pub(crate) fn reply(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// JSON that is in order in all but, maybe, itself.
pub(crate) fn ok(body: &[u8]) -> Vec<Step> {
    vec![Step::Send(reply("200 OK", "Content-Type: application/json\r\n", body))]
}
