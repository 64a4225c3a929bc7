//! `init`: the folder of a gateway of one's own: a configuration, keys, an empty store, and what makes certificates.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write},
    net::IpAddr,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use credit_audit::clock::{Clock, SystemClock};
use rusqlite::Connection;

use super::{
    failure::{ConfigFile, Failure},
    keys,
};
use crate::{
    settings::{CatalogueSource, LISTENERS, is_origin},
    stores::SCHEMA,
    terminal::{print, words},
};

const CONFIG: &str = include_str!("config.toml.in");
const MAKE: &str = include_str!("make.sh");
const OPENSSL: &str = include_str!("openssl.cnf");

/// The paths of the configuration, below the folder.
const PATHS: [&str; 9] = [
    "tls/ca.pem",
    "tls/crl.pem",
    "tls/server.pem",
    "tls/server.key",
    "data",
    "guard/second-place",
    "keys",
    "secret/ring.key",
    "store/store.sqlite",
];

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// A folder that does not exist yet, or is empty 尚不存在或为空的文件夹
    dir: PathBuf,
    /// Name of the log, never changed later; left out = gateway.example, the year, r1 日志名称，之后不能更改
    #[arg(long, value_name = "NAME")]
    origin: Option<String>,
    /// A name or address by which institutions call the server; several are allowed 服务器名称或地址
    #[arg(long = "host", value_name = "HOST", default_values = ["localhost", "127.0.0.1"])]
    hosts: Vec<String>,
    /// Whose law it follows: CN, CN-SD, or a city by its number, CN-GD-13 所属辖区
    #[arg(long, value_name = "CODE", default_value = "CN")]
    jurisdiction: String,
    /// First of five ports 五个端口中的第一个
    #[arg(long, default_value_t = 8443)]
    port_base: u16,
}

/// Writes everything, or refuses before the first file: nothing is overwritten.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let dir = std::path::absolute(&arguments.dir).map_err(|error| unusable(&arguments.dir, &error))?;
    let year = SystemClock::new().now().to_string().chars().take(4).collect::<String>();
    let origin = arguments.origin.clone().unwrap_or_else(|| format!("gateway.example/{year}/r1"));
    let place = CatalogueSource { jurisdiction: Some(arguments.jurisdiction.clone()), ..CatalogueSource::default() };
    place.built_in().map_err(Failure::usage)?;
    if !is_origin(&origin) {
        let why = words(
            "须为不含空格与加号、末尾无斜杠的名称，例如 credit-gateway.example/2026/r1",
            "must be a name without spaces, plus signs or a trailing slash, for example credit-gateway.example/2026/r1",
        );
        return Err(Failure::usage(format_args!("--origin `{origin}` {why}")));
    }
    let config = config(&dir, &origin, &arguments.jurisdiction, arguments.port_base)?;
    let (name, names) = names(&arguments.hosts)?;
    let mut folder = DirBuilder::new();
    folder.recursive(true).mode(0o700);
    folder.create(&dir).map_err(|error| unusable(&dir, &error))?;
    if fs::read_dir(&dir).map_err(|error| unusable(&dir, &error))?.next().is_some() {
        let why = words("文件夹不为空，未作任何改动", "the folder is not empty, nothing was changed");
        return Err(Failure::usage(format_args!("`{}`: {why}", dir.display())));
    }
    for name in ["authority", "guard", "store", "tls"] {
        let path = dir.join(name);
        folder.create(&path).map_err(|error| unusable(&path, &error))?;
    }
    write(&dir.join("authority/openssl.cnf"), &OPENSSL.replace("@NAMES@", &names))?;
    write(&dir.join("authority/make.sh"), &MAKE.replace("@NAME@", name))?;
    empty_store(&dir.join("store/store.sqlite"))?;
    let file = dir.join("config.toml");
    write(&file, &config)?;
    keys::init(&ConfigFile::at(file))?;
    print_next(&arguments.dir);
    Ok(())
}

fn unusable(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::usage(format_args!("`{}`: {error}", path.display()))
}

fn config(dir: &Path, origin: &str, jurisdiction: &str, port_base: u16) -> Result<String, Failure> {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let mut text = CONFIG.replace("@ORIGIN@", &quoted(origin)).replace("@JURISDICTION@", &quoted(jurisdiction));
    for path in PATHS {
        let whole = dir.join(path);
        let whole = whole
            .to_str()
            .ok_or_else(|| unusable(dir, &words("路径须为 UTF-8", "a path in the configuration must be UTF-8")))?;
        text = text.replace(&format!("@DIR/{path}@"), &quoted(whole));
    }
    for offset in 0..LISTENERS {
        let port = port_base.checked_add(offset).ok_or_else(|| {
            let why = words("此后不足五个端口", "there are no five ports from there on");
            Failure::usage(format_args!("--port-base {port_base}: {why}"))
        })?;
        text = text.replace(&format!("@PORT+{offset}@"), &port.to_string());
    }
    Ok(text)
}

/// The server's first name, and all of them as a `subjectAltName`.
fn names(hosts: &[String]) -> Result<(&str, String), Failure> {
    let alternative = |host: &String| {
        let is_name = |host: &str| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-._*".contains(c);
            !host.is_empty() && host.len() <= 253 && host.chars().all(plain)
        };
        match host.parse::<IpAddr>() {
            Ok(address) => Ok(format!("IP:{address}")),
            Err(_) if is_name(host) => Ok(format!("DNS:{host}")),
            Err(_) => {
                let why = words("不是主机名或 IP 地址", "is neither a host name nor an IP address");
                Err(Failure::usage(format_args!("--host `{host}` {why}")))
            }
        }
    };
    let all = hosts.iter().map(alternative).collect::<Result<Vec<_>, _>>()?;
    Ok((hosts.first().map_or("localhost", String::as_str), all.join(", ")))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let mut open = OpenOptions::new();
    let written = open.write(true).create_new(true).mode(0o600).open(path);
    written.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error: io::Error| unusable(path, &error))
}

/// The tables with their constraints, and no row.
fn empty_store(path: &Path) -> Result<(), Failure> {
    // Made by us first, because SQLite would make it readable by everybody.
    write(path, "")?;
    Connection::open(path).and_then(|store| store.execute_batch(SCHEMA)).map_err(|error| unusable(path, &error))
}

/// A path as a shell reads it.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if !path.is_empty() && path.chars().all(is_plain) { path } else { format!("'{}'", path.replace('\'', "'\\''")) }
}

fn print_next(dir: &Path) {
    let (make, config) = (quoted(&dir.join("authority/make.sh")), quoted(&dir.join("config.toml")));
    print(words("接下来：", "Next:"));
    let line =
        |command: &str, chinese: &str, english: &str| print(format_args!("  {command}  # {}", words(chinese, english)));
    line(
        &format!("sh {make}"),
        "私有测试证书机构与服务器证书；已有证书机构时用 make.sh request",
        "a private test authority and the server's certificate; with an authority of your own: make.sh request",
    );
    line(&format!("credit-gateway check --config {config}"), "说明尚缺什么", "says what is still missing");
    print(format_args!(
        "{}{config}",
        words("需要您决定的事项见此文件的注释：", "What you have to decide stands in the comments of "),
    ));
}
