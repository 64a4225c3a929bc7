//! `credit-audit replay`.

use std::path::Path;

use credit_audit::replay::{Replay, SetReplay, catalogue_files};
use credit_audit::verify::{self, CheckError, Visitor};
use credit_policy::{Catalogue, consent::IssuerKeys};

use super::arguments::ReplayArguments;
use super::escape::escaped;
use super::peer::Peer;
use super::progress::Progress;
use super::report::{self, Decided};
use super::set::{Opened, one};
use super::stop::{Stop, read_key};
use super::words::Language;

/// Decides every query again; gives what is to be printed.
pub(super) fn run(arguments: &ReplayArguments, language: Language) -> Result<String, Stop> {
    let catalogues: Vec<_> =
        arguments.catalogue.iter().map(|folder| load(folder, language)).collect::<Result<_, _>>()?;
    let sets: Vec<_> = arguments.issuer_keys.iter().map(|path| key_set(path)).collect::<Result<_, _>>()?;
    if let Some(set) = Opened::of(&arguments.set, &arguments.log, &[], language)? {
        let replay = SetReplay::promises(&set.set).deciding(&catalogues, &sets);
        return set.replay(replay, None, arguments.json, language);
    }
    let Some(log) = one(&arguments.log, language)? else { return Err(Stop::Usage(language.several_logs())) };
    let beside = || verify::log_directory(log).join("log.vkey");
    let key = read_key(&arguments.vkey.clone().unwrap_or_else(beside), language)?;
    let replay = Replay::new(&catalogues);
    let replay = if sets.is_empty() { replay } else { replay.with_issuer_keys(sets) };
    let mut both = Both { replay, progress: Progress::new() };
    let checked = verify::directory(log, &key, &[], &mut both)?;
    let (verified, unverified) = both.replay.consents();
    let decided = Some(Decided { queries: both.replay.decided(), verified, unverified });
    let links = match &arguments.peer {
        None => None,
        Some(peer) => Some(Peer::of(peer, arguments.peer_vkey.as_ref(), language)?.compare(log, &key)?),
    };
    let text = if arguments.json {
        report::json(Some(&checked), None, decided, links.as_ref(), None)
    } else {
        language.holds(Some(&checked), None, decided)
            + &links.map(|links| language.links(&links.origin, &links.report)).unwrap_or_default()
    };
    Ok(text)
}

/// A file of an issuer's public keys.
fn key_set(path: &Path) -> Result<String, Stop> {
    let unavailable = |why: String| CheckError::Unavailable { what: path.display().to_string(), why };
    let text = std::fs::read_to_string(path).map_err(|error| unavailable(error.to_string()))?;
    // Whose keys they are is told by each consent; here it is only seen whether there are any.
    let usable = IssuerKeys::default().add("issuer", &text);
    usable.map_err(|error| Stop::Usage(escaped(&format!("{}: {error}", path.display()))))?;
    Ok(text)
}

fn load(folder: &Path, language: Language) -> Result<Catalogue, Stop> {
    let unavailable =
        |error: std::io::Error| CheckError::Unavailable { what: folder.display().to_string(), why: error.to_string() };
    let files = catalogue_files(folder).map_err(unavailable)?;
    Catalogue::load(&files).map_err(|faults| {
        let lines = faults.iter().map(|fault| escaped(&language.fault(&fault.to_string())));
        Stop::Usage(lines.collect::<Vec<_>>().join("\n"))
    })
}

/// The replay, with a progress bar.
struct Both<'a> {
    replay: Replay<'a>,
    progress: Progress,
}

impl Visitor for Both<'_> {
    fn leaf(&mut self, index: u64, peek: &credit_audit::leaf::Peek<'_>, bytes: &[u8]) -> Result<(), CheckError> {
        self.replay.leaf(index, peek, bytes)
    }

    fn progress(&mut self, done: u64, all: u64) {
        self.progress.progress(done, all);
    }
}
