//! A collector of traces (OTLP over HTTP) that keeps every byte that it gets; and what traces say.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use credit_tests::{Folder, Gateway, checked, query::look_up};

/// Takes whatever is posted, for as long as the test process lives.
pub(crate) struct Collector {
    port: u16,
    got: Arc<Mutex<Vec<Posted>>>,
}

/// One request.
#[derive(Clone)]
pub(crate) struct Posted {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Collector {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, got) = (listener.local_addr().unwrap().port(), Arc::new(Mutex::new(Vec::new())));
        let kept = Arc::clone(&got);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || serve(stream.unwrap(), &kept));
            }
        });
        Self { port, got }
    }

    /// Configures a folder to send its traces here.
    pub(crate) fn of(&self, folder: &Folder) {
        let address = format!("traces = \"http://127.0.0.1:{}/v1/traces\"", self.port);
        folder.replace_in_config("# traces = \"http://127.0.0.1:4318/v1/traces\"", &address);
    }

    /// Every request that it got.
    pub(crate) fn requests(&self) -> Vec<Posted> {
        self.got.lock().unwrap().clone()
    }

    /// Everything that it got: heads and bodies.
    pub(crate) fn got(&self) -> Vec<u8> {
        self.requests().into_iter().flat_map(|posted| [posted.head.into_bytes(), posted.body].concat()).collect()
    }
}

fn serve(mut stream: TcpStream, kept: &Mutex<Vec<Posted>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let from = head.len();
            if reader.read_line(&mut head).unwrap_or_default() == 0 {
                return;
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
        reader.read_exact(&mut body).unwrap();
        kept.lock().unwrap().push(Posted { head, body });
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
    }
}

#[test]
fn a_trace_has_a_span_for_a_query_and_the_last_ones_leave_on_the_way_down() {
    let collector = Collector::new();
    let folder = Folder::new();
    collector.of(&folder);
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    let (answered, refused) = (
        folder.caller("housing").ask(&look_up(&folder.person("clean", 0))),
        folder.caller("bank").ask(&look_up(&folder.person("clean", 0))),
    );
    checked::answer(folder, "housing", &answered);
    drop(gateway.stop());
    let got = String::from_utf8_lossy(&collector.got()).into_owned();
    for word in
        ["credit-gateway", "query", "housing", "bank", "public-rental-housing", "answered", "scenario-not-allowed"]
    {
        assert!(got.contains(word), "no `{word}` in the traces");
    }
    for reply in [answered, refused] {
        assert!(got.contains(reply.json()["query"].as_str().unwrap()), "a query has no span");
    }
}

#[test]
fn a_collector_that_is_away_is_nobody_s_trouble() {
    let folder = Folder::new();
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("traces = \"http://127.0.0.1:{gone}/v1/traces\"");
    folder.replace_in_config("# traces = \"http://127.0.0.1:4318/v1/traces\"", &address);
    let gateway = Gateway::serve(folder);
    let folder = gateway.folder();
    for number in 0..3 {
        checked::answer(folder, "housing", &folder.caller("housing").ask(&look_up(&folder.person("clean", number))));
    }
    drop(gateway.stop());
}
