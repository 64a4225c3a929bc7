//! The ports of a demo's folder.

use super::identity;
use crate::settings::LISTENERS;

/// Ports in a row that a demo has: those of the listeners, and that of its identity service.
pub const PORTS: u16 = LISTENERS + 1;

/// A configuration of the demo with its addresses moved to the ports from `port_base` on; nothing where there are not
/// enough of them.
pub(super) fn moved(config: &str, port_base: u16) -> Option<String> {
    let port = |offset| port_base.checked_add(offset);
    let mut text = config.to_owned();
    for (offset, name) in (0..).zip(["institutions", "persons", "auditors", "public", "operations"]) {
        let port = port(offset)?;
        let line = |line: &str| match line.strip_prefix(name).and_then(|rest| rest.strip_prefix(" = \"")) {
            Some(address) => {
                let host = address.rsplit_once(':').map_or("127.0.0.1", |(host, _)| host);
                format!("{name} = \"{host}:{port}\"\n")
            }
            None => format!("{line}\n"),
        };
        text = text.lines().map(line).collect();
    }
    let persons = format!("https://127.0.0.1:{}", port(1)?);
    for (name, address) in [("address", persons), ("issuer", identity::issuer(port(LISTENERS)?))] {
        let line = |line: &str| match line.strip_prefix(name) {
            Some(rest) if rest.starts_with(" = \"") => format!("{name} = \"{address}\"\n"),
            Some(_) | None => format!("{line}\n"),
        };
        text = text.lines().map(line).collect();
    }
    Some(text)
}
