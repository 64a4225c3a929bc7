//! `credit-audit verify`.

use std::path::Path;

use credit_audit::checkpoint::{Checkpoint, CheckpointError};
use credit_audit::note::VerifierKey;
use credit_audit::proof::ProofError;
use credit_audit::replay::SetReplay;
use credit_audit::trust_policy::{TrustPolicy, Witnessed};
use credit_audit::verify::{self, CheckError, ClientFiles, Remote, Report, Violation};

use super::arguments::VerifyArguments;
use super::peer::Peer;
use super::progress::Progress;
use super::report;
use super::set::{Opened, one};
use super::stop::{Stop, read, read_key};
use super::words::Language;

/// Checks what the arguments say; gives what is to be printed.
pub(super) fn run(arguments: &VerifyArguments, language: Language) -> Result<String, Stop> {
    let policy = arguments.policy.as_deref().map(|file| read_policy(file, language)).transpose()?;
    if let Some(set) = Opened::of(&arguments.set, &arguments.log, &arguments.old, language)? {
        let promises = SetReplay::promises(&set.set);
        return set.replay(promises, policy.as_ref(), arguments.json, language);
    }
    let Some(vkey) = &arguments.vkey else { return Err(Stop::Usage(language.several_logs())) };
    let key = read_key(vkey, language)?;
    let log = one(&arguments.log, language)?.map(String::as_str);
    let receipt = match (&arguments.receipt, &arguments.leaf) {
        (Some(receipt), Some(leaf)) => Some(check_receipt(receipt, leaf, &key)?),
        _ => None,
    };
    let mut earlier = Vec::new();
    for old in &arguments.old {
        if log.is_none() {
            return Err(Stop::Usage(language.old_without_log()));
        }
        let text = String::from_utf8(read(old)?).map_err(|_| Violation::Checkpoint(CheckpointError::Encoding))?;
        earlier.push(Checkpoint::open(&text, &key).map_err(Violation::Checkpoint)?);
    }
    // With a log too, the receipt's checkpoint must be a beginning of that log.
    earlier.extend(receipt.iter().map(|(_, checkpoint)| checkpoint.clone()));
    let mut asked = Asked { policy: policy.as_ref(), earlier, witnessed: None };
    let checked = log.map(|log| check_log(log, arguments, &key, &mut asked, language)).transpose()?;
    let witnessed = policy.as_ref().zip(asked.witnessed.as_ref());
    let links = match (&arguments.peer, log) {
        (None, _) => None,
        (Some(peer), Some(log)) if !is_address(log) => {
            Some(Peer::of(peer, arguments.peer_vkey.as_ref(), language)?.compare(Path::new(log), &key)?)
        }
        (Some(_), _) => return Err(Stop::Usage(language.peer_needs_folder())),
    };
    let text = if arguments.json {
        report::json(checked.as_ref(), receipt.as_ref(), None, links.as_ref(), witnessed)
    } else {
        language.holds(checked.as_ref(), receipt.as_ref(), None)
            + &witnessed.map(|(policy, by)| language.witnessed(policy, by)).unwrap_or_default()
            + &links.map(|links| language.links(&links.origin, &links.report)).unwrap_or_default()
    };
    Ok(text)
}

fn is_address(log: &str) -> bool {
    log.starts_with("http://") || log.starts_with("https://")
}

fn check_receipt(receipt: &Path, leaf: &Path, key: &VerifierKey) -> Result<(u64, Checkpoint), Stop> {
    let malformed = |_| Violation::Receipt(ProofError::Form("not UTF-8"));
    let text = String::from_utf8(read(receipt)?).map_err(malformed)?;
    Ok(verify::receipt(&text, &read(leaf)?, key).map_err(Violation::Receipt)?)
}

/// What the log must continue, and the policy whose witnesses say so too.
struct Asked<'a> {
    policy: Option<&'a TrustPolicy>,
    earlier: Vec<Checkpoint>,
    witnessed: Option<Witnessed>,
}

impl Asked<'_> {
    /// What witnesses cosigned is read before the log's own checkpoint, which is then as large or larger.
    fn witnessed(
        &mut self,
        read: impl FnOnce(&TrustPolicy) -> Result<Witnessed, CheckError>,
    ) -> Result<(), CheckError> {
        self.witnessed = self.policy.map(read).transpose()?;
        self.earlier.extend(self.witnessed.iter().map(|witnessed| witnessed.checkpoint.clone()));
        Ok(())
    }
}

fn read_policy(file: &Path, language: Language) -> Result<TrustPolicy, Stop> {
    TrustPolicy::parse(&read(file)?).map_err(|error| {
        Stop::Usage(format!("`{}`{}{}", file.display(), language.colon(), language.fault(&error.to_string())))
    })
}

fn check_log(
    log: &str,
    arguments: &VerifyArguments,
    key: &VerifierKey,
    asked: &mut Asked<'_>,
    language: Language,
) -> Result<Report, Stop> {
    let mut progress = Progress::new();
    if !is_address(log) {
        asked.witnessed(|policy| verify::witnessed(Path::new(log), policy, key))?;
        let check = if arguments.hashes { verify::hashes } else { verify::directory };
        return Ok(check(Path::new(log), key, &asked.earlier, &mut progress)?);
    }
    let identity = arguments.cert.clone().zip(arguments.key.clone());
    let leaves = identity.is_some();
    let files = ClientFiles { authorities: arguments.ca.clone(), identity };
    let mut remote = Remote::new(log, &files).map_err(|error| Stop::Usage(language.fault(&error.to_string())))?;
    asked.witnessed(|policy| verify::witnessed_there(&mut remote, policy, key))?;
    Ok(verify::remote(remote, leaves, key, &asked.earlier, &mut progress)?)
}
