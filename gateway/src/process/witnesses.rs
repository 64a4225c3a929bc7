//! Asks the witnesses of the trust policy to cosign the log, on a thread of its own: no answer waits for it.

use std::{
    path::Path,
    sync::mpsc,
    time::{Duration, Instant},
};

use credit_audit::{
    checkpoint::Checkpoint,
    cosigning::{self, Cosigning, CosigningError, NotCosigned},
    note::VerifierKey,
    trust_policy::{PolicyError, TrustPolicy},
    verify::ClientFiles,
};

use crate::{gateway::Gateway, settings::Settings, telemetry::metrics::Duty};

/// A quorum that is older is news for the operator, beside two rounds.
const QUORUM_WITHIN: Duration = Duration::from_secs(60);

/// How often it is looked whether a round is due.
const STEP: Duration = Duration::from_secs(1);

/// A trust policy that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("log.trust_policy `{path}`: {why}")]
pub(crate) struct UnusablePolicy {
    path: String,
    why: Why,
}

#[derive(Debug, thiserror::Error)]
enum Why {
    #[error("it cannot be read: {0}")]
    Read(std::io::Error),
    #[error(transparent)]
    Policy(#[from] PolicyError),
    #[error(transparent)]
    Cosigning(#[from] CosigningError),
    #[error("log.origin is no name of a key")]
    Origin,
}

/// Why the log is not cosigned.
#[derive(Debug, thiserror::Error)]
enum NotDone {
    #[error(transparent)]
    Policy(#[from] UnusablePolicy),
    #[error("the checkpoint cannot be read: {0}")]
    Checkpoint(String),
    #[error("what the witnesses cosigned cannot be published: {0}")]
    Publish(std::io::Error),
    #[error("{0}")]
    Contradiction(String),
    #[error("too few of the witnesses have cosigned the log for {0} s")]
    Quorum(u64),
}

/// The witnesses of the configuration; nothing where there is no policy.
///
/// # Errors
/// When the policy cannot be used for this log.
pub(super) fn cosigning(settings: &Settings, public_key: &[u8; 32]) -> Result<Option<Cosigning>, UnusablePolicy> {
    let Some(path) = &settings.log.trust_policy else { return Ok(None) };
    let wrong = |why| UnusablePolicy { path: path.display().to_string(), why };
    let policy = std::fs::read(path).map_err(|error| wrong(Why::Read(error)))?;
    let policy = TrustPolicy::parse(&policy).map_err(|error| wrong(error.into()))?;
    let key = VerifierKey::new(&settings.log.origin, *public_key).map_err(|_| wrong(Why::Origin))?;
    let files = ClientFiles { authorities: settings.log.witness_authorities.clone(), identity: None };
    Cosigning::new(policy, &key, &files).map(Some).map_err(|error| wrong(error.into()))
}

/// As long as the process runs.
pub(super) fn keep_asking(gateway: &Gateway) {
    let every = Duration::from_secs(gateway.settings.log.witness_every_s);
    let cosigning = prepared(gateway);
    let mut asking = Asking { quorum: Instant::now(), round: None, contradiction: None, failing: Vec::new() };
    loop {
        let done = match &cosigning {
            Ok(None) => Ok(()),
            Ok(Some(cosigning)) => asking.step(gateway, cosigning, every),
            Err(error) => Err(error.to_string()),
        };
        gateway.metrics.duty(Duty::Witnesses, done, gateway.clock.now());
        std::thread::sleep(STEP);
    }
}

fn prepared(gateway: &Gateway) -> Result<Option<Cosigning>, NotDone> {
    if gateway.settings.log.trust_policy.is_none() {
        return Ok(None);
    }
    let vkey = gateway.log_folder().join("log.vkey");
    let vkey = std::fs::read_to_string(vkey).map_err(|error| NotDone::Checkpoint(error.to_string()))?;
    let vkey = VerifierKey::parse(&vkey).map_err(|error| NotDone::Checkpoint(error.to_string()))?;
    Ok(cosigning(&gateway.settings, vkey.public())?)
}

/// How far the asking is.
struct Asking {
    /// When enough had cosigned last, or the asking began.
    quorum: Instant,
    round: Option<Instant>,
    /// A witness that remembers another log than this one.
    contradiction: Option<String>,
    /// Who did not cosign the last time, so that each is a line of the log once.
    failing: Vec<usize>,
}

impl Asking {
    fn step(&mut self, gateway: &Gateway, cosigning: &Cosigning, every: Duration) -> Result<(), String> {
        if self.round.is_none_or(|round| round.elapsed() >= every) {
            self.round = Some(Instant::now());
            self.round(&gateway.log_folder(), cosigning).map_err(|error| error.to_string())?;
        }
        if let Some(contradiction) = &self.contradiction {
            return Err(NotDone::Contradiction(contradiction.clone()).to_string());
        }
        let age = self.quorum.elapsed();
        if age > QUORUM_WITHIN + 2 * every { Err(NotDone::Quorum(age.as_secs()).to_string()) } else { Ok(()) }
    }

    /// Asks all of them about one checkpoint, side by side; what a quorum signed is published at once, and again with each
    /// that signs later.
    fn round(&mut self, folder: &Path, cosigning: &Cosigning) -> Result<(), NotDone> {
        let signed = std::fs::read_to_string(folder.join("checkpoint"));
        let signed = signed.map_err(|error| NotDone::Checkpoint(error.to_string()))?;
        let text = signed.split_once("\n\n").map(|(text, _)| format!("{text}\n")).unwrap_or_default();
        let checkpoint = Checkpoint::parse(&text).map_err(|error| NotDone::Checkpoint(error.to_string()))?;
        self.contradiction = None;
        std::thread::scope(|scope| {
            let (answers, asked) = mpsc::channel();
            for at in 0..cosigning.len() {
                let (answers, signed, checkpoint) = (answers.clone(), &signed, &checkpoint);
                scope.spawn(move || drop(answers.send((at, cosigning.ask(at, folder, signed, checkpoint)))));
            }
            drop(answers);
            self.gather(folder, cosigning, &signed, asked)
        })
    }

    fn failed(&mut self, at: usize, error: &NotCosigned) {
        let is_news = !self.failing.contains(&at);
        if is_news {
            self.failing.push(at);
        }
        if matches!(error, NotCosigned::Longer { .. } | NotCosigned::Refused { .. }) {
            self.contradiction = Some(error.to_string());
            if is_news {
                tracing::error!(%error, "a witness remembers another history of this log");
            }
        } else if is_news {
            tracing::warn!(%error, "a witness does not cosign the log");
        }
    }

    fn gather(
        &mut self,
        folder: &Path,
        cosigning: &Cosigning,
        signed: &str,
        answers: impl IntoIterator<Item = (usize, Result<String, NotCosigned>)>,
    ) -> Result<(), NotDone> {
        let mut lines = Vec::new();
        for (at, answer) in answers {
            let line = match answer {
                Ok(line) => line,
                Err(error) => {
                    self.failed(at, &error);
                    continue;
                }
            };
            self.failing.retain(|failing| *failing != at);
            lines.push(line);
            let (note, is_quorum) =
                cosigning.join(signed, &lines).map_err(|error| NotDone::Checkpoint(error.to_string()))?;
            if is_quorum {
                cosigning::publish(folder, &note).map_err(NotDone::Publish)?;
                self.quorum = Instant::now();
            }
        }
        Ok(())
    }
}
