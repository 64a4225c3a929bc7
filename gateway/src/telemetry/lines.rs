//! The lines of the log: one JSON object each, made of what stands in the program and of the fields of a closed list.
//!
//! Level, target, place and the names of fields are in the program's text. A field's value may be anything, so it is
//! written only where our own code logs it and its name is on the list; what else there was is named in `dropped`. Other
//! crates say what they like (HTTP/2 logs heads, TLS logs names): of their lines only the place is left, which tells
//! whoever looks for a fault where to look, and nobody who asked about whom.

use std::{collections::BTreeMap, sync::Arc};

use credit_audit::clock::Clock;
use serde::Serialize;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context};

use super::line_queue::LineQueue;

/// The fields whose values our own code may write. Each holds words of this program, an id that we made, an id or
/// a path of the configuration, a certificate's digest, or the address of the other end; never text of a caller. `message` is the text of the line.
pub const FIELDS: [&str; 12] = [
    "message",
    "cause",
    "certificate",
    "code",
    "error",
    "institution",
    "key",
    "line",
    "peer",
    "place",
    "query",
    "store",
];

/// Our own crates, by the beginning of a target.
const OURS: &str = "credit_";

/// Makes lines and queues them.
pub(super) struct Lines {
    clock: Arc<dyn Clock>,
    to: Arc<LineQueue>,
}

/// A line, in the order in which it is written.
#[derive(Serialize)]
struct Line<'a> {
    at: jiff::Timestamp,
    level: &'static str,
    target: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_line: Option<u32>,
    #[serde(flatten)]
    fields: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dropped: Vec<&'static str>,
}

impl Lines {
    pub(super) fn new(clock: Arc<dyn Clock>, to: Arc<LineQueue>) -> Self {
        Self { clock, to }
    }
}

/// The line that says how many were dropped.
pub(super) fn dropped(clock: &dyn Clock, lines: u64) -> Vec<u8> {
    let message = format!("{lines} lines were dropped, since standard error was not read");
    render(&Line {
        at: clock.now(),
        level: "WARN",
        target: module_path!(),
        source_line: None,
        fields: [("message", message)].into(),
        dropped: Vec::new(),
    })
    .unwrap_or_default()
}

fn render(line: &Line<'_>) -> Option<Vec<u8>> {
    let mut line = serde_json::to_vec(line).ok()?;
    line.push(b'\n');
    Some(line)
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let mut kept = Kept { ours: metadata.target().starts_with(OURS), fields: BTreeMap::new(), dropped: Vec::new() };
        event.record(&mut kept);
        let line = Line {
            at: self.clock.now(),
            level: metadata.level().as_str(),
            target: metadata.target(),
            source_line: metadata.line(),
            fields: kept.fields,
            dropped: kept.dropped,
        };
        if let Some(line) = render(&line) {
            self.to.put(line);
        }
    }
}

/// The fields of one event that may be written, and the names of the others.
struct Kept {
    ours: bool,
    fields: BTreeMap<&'static str, String>,
    dropped: Vec<&'static str>,
}

impl Kept {
    fn keep(&mut self, field: &Field, value: impl FnOnce() -> String) {
        match FIELDS.iter().find(|name| self.ours && **name == field.name()) {
            Some(name) => drop(self.fields.insert(name, value())),
            None => self.dropped.push(field.name()),
        }
    }
}

impl Visit for Kept {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.keep(field, || value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.keep(field, || format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Write, sync::Mutex, time::Duration};

    use jiff::Timestamp;
    use serde_json::Value;
    use tracing_subscriber::{Registry, layer::SubscriberExt};

    use super::*;

    struct Still;

    impl Clock for Still {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }

        fn monotonic(&self) -> Duration {
            Duration::ZERO
        }
    }

    #[derive(Clone, Default)]
    struct Heard(Arc<Mutex<Vec<u8>>>);

    impl Write for Heard {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// The lines that `say` makes.
    fn lines(say: impl FnOnce()) -> Vec<Value> {
        let heard = Heard::default();
        let queue = Arc::new(LineQueue::new(heard.clone(), |lines| dropped(&Still, lines)).unwrap());
        let subscriber = Registry::default().with(Lines::new(Arc::new(Still), Arc::clone(&queue)));
        tracing::subscriber::with_default(subscriber, say);
        queue.flush(Duration::from_secs(10));
        let bytes = heard.0.lock().unwrap();
        bytes.split_inclusive(|byte| *byte == b'\n').map(|line| serde_json::from_slice(line).unwrap()).collect()
    }

    #[test]
    fn a_field_that_is_not_on_the_list_is_named_and_not_told() {
        let number = "990001199003071012";
        let said = lines(|| {
            let _span = tracing::info_span!("query", number).entered();
            tracing::warn!(%number, code = "not-found", other = number, amount = 7, error = ?Some("x\"\n"), "refused");
        });
        let line = said.first().unwrap();
        assert_eq!(said.len(), 1);
        assert!(!line.to_string().contains(number), "{line}");
        assert_eq!(line["dropped"], serde_json::json!(["number", "other", "amount"]));
        assert_eq!(line["code"], "not-found");
        assert_eq!(line["message"], "refused");
        assert_eq!(line["error"], "Some(\"x\\\"\\n\")");
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["at"], "1970-01-01T00:00:00Z");
        assert_eq!(line["target"], "credit_gateway::telemetry::lines::tests");
        assert!(line["source_line"].as_u64().unwrap() > 100);
    }

    #[test]
    fn dropped_lines_are_reported_as_a_line() {
        let line: Value = serde_json::from_slice(&dropped(&Still, 7)).unwrap();
        assert_eq!(line["message"], "7 lines were dropped, since standard error was not read");
        assert_eq!((&line["level"], &line["target"]), (&"WARN".into(), &"credit_gateway::telemetry::lines".into()));
    }

    #[test]
    fn of_other_crates_only_the_place_is_told() {
        let number = "990001199003071012";
        for said in [
            lines(|| tracing::trace!(target: "h2::proto", code = number, "received {number}")),
            lines(|| tracing::error!(target: "not_credit_gateway", error = %number, "{}", number)),
        ] {
            let line = said.first().unwrap();
            assert!(!line.to_string().contains(number), "{line}");
            let dropped = line["dropped"].as_array().unwrap();
            assert_eq!(dropped.len(), 2, "{line}");
            assert!(line["target"].is_string() && line["source_line"].is_u64(), "{line}");
        }
    }
}
