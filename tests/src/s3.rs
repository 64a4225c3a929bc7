//! An object store as others run it: SeaweedFS, with two buckets that lock what is in them.

use std::{
    fs,
    net::TcpStream,
    process::Command,
    sync::LazyLock,
    time::{Duration, Instant},
};

use crate::{Program, command, ports, scratch, tools};

/// The id and the secret of its one account.
pub const ACCESS: (&str, &str) = ("AKIDOFTHETESTS", "made/for+tests=");

/// Longest time to its first answer.
const TIME: Duration = Duration::from_secs(60);

/// A store at `127.0.0.1`, ended with the test process.
pub struct ObjectStore {
    port: u16,
    _server: Program,
}

impl ObjectStore {
    /// The one that tests share, each with a log of its own name.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<ObjectStore> = LazyLock::new(ObjectStore::start);
        &SHARED
    }

    fn start() -> Self {
        let folder = scratch::folder("seaweed");
        let (id, secret) = ACCESS;
        let who = format!(
            "{{\"identities\":[{{\"name\":\"tests\",\"credentials\":[{{\"accessKey\":\"{id}\",\"secretKey\":\"{secret}\"}}],\
             \"actions\":[\"Admin\",\"Read\",\"Write\",\"List\"]}}]}}"
        );
        fs::write(folder.join("who.json"), who).expect("written");
        fs::create_dir(folder.join("data")).expect("a folder");
        let (first, second) = (ports(), ports());
        let mut weed = Command::new(tools::weed());
        weed.args(["server", "-filer", "-s3", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-volume.max=64"]);
        // It tells nobody of itself.
        weed.args(["-master.telemetry=false", "-master.volumeSizeLimitMB=16", "-s3.iam=false"]);
        for (name, port) in ["master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port"]
            .into_iter()
            .zip(first..)
            .chain(
                ["filer.port.grpc", "s3.port", "s3.port.grpc", "s3.port.iceberg", "s3.port.lance"]
                    .into_iter()
                    .zip(second..),
            )
        {
            weed.arg(format!("-{name}={port}"));
        }
        weed.arg(format!("-dir={}", folder.join("data").display()));
        weed.arg(format!("-filer.localSocket={}", folder.join("filer.sock").display()));
        weed.arg(format!("-s3.config={}", folder.join("who.json").display()));
        weed.current_dir(&folder);
        let store = Self { port: second + 1, _server: Program::start(weed) };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", store.port)).is_err() {
            assert!(began.elapsed() < TIME, "SeaweedFS does not answer");
            std::thread::sleep(Duration::from_millis(100));
        }
        for bucket in ["log", "log-entries"] {
            // Its volumes come a little later than its port.
            while store.asked("PUT", bucket, &["-H", "x-amz-bucket-object-lock-enabled: true"]) != "200" {
                assert!(began.elapsed() < TIME, "SeaweedFS makes no bucket");
                std::thread::sleep(Duration::from_millis(100));
            }
        }
        store
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The status of a signed request without a body, by curl's own signature.
    #[must_use]
    pub fn asked(&self, method: &str, path: &str, more: &[&str]) -> String {
        let (url, user) = (format!("{}/{path}", self.url()), format!("{}:{}", ACCESS.0, ACCESS.1));
        let signed = ["-s", "-o", "/dev/null", "-w", "%{http_code}", "--aws-sigv4", "aws:amz:us-east-1:s3"];
        let all = [&signed[..], &["--user", &user, "-X", method, &url], more].concat();
        command("curl", &all).held()
    }

    /// The status of a request without a signature.
    #[must_use]
    pub fn asked_by_anybody(&self, path: &str) -> String {
        let url = format!("{}/{path}", self.url());
        command("curl", &["-s", "-o", "/dev/null", "-w", "%{http_code}", &url]).held()
    }
}
