//! That what was told is on the record: receipt and leaf fetched, and held against the reply.

use base64::{Engine, engine::general_purpose::STANDARD};
use credit_audit::{
    leaf::{self, Base64, GroundRecord, QueryLeaf, Revocation},
    merkle, verify,
};
use credit_keys::answer_commitment;
use credit_policy::Code;

use super::{
    asking::Token,
    cast::Tour,
    failure::{TourError, hold, unexpected},
};
use crate::{
    demo::client::{Caller, Reply},
    doors::problems::status,
    terminal::{print, words},
};

/// A query on the record.
pub(super) struct Recorded {
    pub(super) index: u64,
    pub(super) leaf: QueryLeaf,
}

/// What a reply must be.
pub(super) enum Outcome<'a> {
    Answered,
    Refused(Code),
    /// The withdrawal of this token.
    Withdrawn(&'a str),
}

/// A reply that is as it must be, and that is still to be found on the record.
pub(super) struct Told<'a> {
    caller: &'a Caller,
    reply: Reply,
    outcome: Outcome<'a>,
    shows: &'a str,
}

impl<'a> Told<'a> {
    /// Holds status and code of a reply against what was due.
    pub(super) fn new(
        caller: &'a Caller,
        reply: Reply,
        outcome: Outcome<'a>,
        shows: &'a str,
    ) -> Result<Self, TourError> {
        let (status, code) = match outcome {
            Outcome::Answered | Outcome::Withdrawn(_) => (200, ""),
            Outcome::Refused(code) => (status(code).as_u16(), code.as_str()),
        };
        let given = reply.at("/code");
        hold(reply.status == status && given == code, || {
            format!("expected {status} {code}, got {} {given} ({shows})", reply.status)
        })?;
        Ok(Self { caller, reply, outcome, shows })
    }
}

impl Tour<'_> {
    /// Fetches receipt and record of a reply and verifies both: the log signs for this leaf, the leaf names nobody and is of
    /// the reply's very bytes.
    pub(super) async fn on_record(&self, caller: &Caller, reply: &Reply) -> Result<Recorded, TourError> {
        let (index, record) = self.receipt(caller, reply).await?;
        let leaf = QueryLeaf::parse(record.as_bytes()).map_err(|error| unexpected(&error))?;
        let opening = STANDARD.decode(reply.at("/receipt/opening")).ok().and_then(|bytes| bytes.try_into().ok());
        let told = reply.text.split_once(",\"receipt\":").map(|(told, _)| format!("{told}}}"));
        let committed = opening.zip(told).map(|(opening, told)| Base64(answer_commitment(&opening, told.as_bytes())));
        hold(committed.is_some() && committed == leaf.answer, || "the record is of another answer".to_owned())?;
        Ok(Recorded { index, leaf })
    }

    async fn receipt(&self, caller: &Caller, reply: &Reply) -> Result<(u64, String), TourError> {
        let id = reply.at("/query");
        let proof = caller.read_when_there(&format!("/v1/receipts/{id}")).await?;
        let record = caller.read_when_there(&format!("/v1/queries/{id}/record")).await?;
        let (index, _) =
            verify::receipt(&proof, record.as_bytes(), &self.log_key).map_err(|error| unexpected(&error))?;
        let told = reply.json.pointer("/receipt/index").and_then(serde_json::Value::as_u64);
        let hash = STANDARD.encode(merkle::leaf_hash(record.as_bytes()));
        hold(told == Some(index) && reply.at("/receipt/leaf") == hash, || "the receipt names another leaf".to_owned())?;
        self.clean
            .disclose(|number| hold(!record.contains(number.as_str()), || "a record names the person".to_owned()))?;
        Ok((index, record))
    }

    /// The leaf holds the consent as the authority signed it.
    pub(super) fn holds_consent(&self, recorded: &Recorded, token: &Token) -> Result<(), TourError> {
        let held = match &recorded.leaf.ground {
            Some(GroundRecord::Consent { consent, use_: 1 }) => consent == token.issuer_signed(),
            Some(
                GroundRecord::Consent { .. }
                | GroundRecord::ConsentAgain { .. }
                | GroundRecord::Statute { .. }
                | GroundRecord::Person { .. }
                | GroundRecord::Public { .. },
            )
            | None => false,
        };
        hold(held, || "the record does not contain the consent".to_owned())
    }

    /// Fetches receipts and records of replies, and shows each reply that is on the record as what it was.
    pub(super) async fn settle(&self, told: &[Told<'_>]) -> Result<(), TourError> {
        for Told { caller, reply, outcome, shows } in told {
            let (index, code) = match outcome {
                Outcome::Answered => (self.on_record(caller, reply).await?.index, ""),
                Outcome::Refused(code) => {
                    let Recorded { index, leaf } = self.on_record(caller, reply).await?;
                    hold(leaf.code == Some(*code), || format!("{code} is not on the record"))?;
                    (index, code.as_str())
                }
                Outcome::Withdrawn(jti) => {
                    // Its leaf says all that the reply says, so that there is nothing to commit to.
                    let (index, record) = self.receipt(caller, reply).await?;
                    let leaf: Revocation = leaf::body(record.as_bytes()).map_err(|error| unexpected(&error))?;
                    let same = leaf.jti == *jti && reply.at("/jti") == *jti;
                    hold(same, || "another consent was withdrawn".to_owned())?;
                    (index, "")
                }
            };
            print(format_args!("   {} {code:<25} {} {index:>5}  {shows}", reply.status, words("日志", "leaf")));
        }
        Ok(())
    }
}
