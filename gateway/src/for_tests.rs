//! What tests of the whole name: proofs and stages that wrong programs must not put together otherwise, parsers that are
//! fuzzed, tables that pages are compared with, and the demo's folder. No other crate uses it.

mod shared_counts;

#[cfg(feature = "demo")]
pub use crate::demo::{certificates, folder};
pub use shared_counts::{Answered, NoCounts, SharedCounts};

pub use crate::{
    callers::{
        institution::InstitutionRecord,
        register::{Institution, Register},
        thumbprint::Thumbprint,
        trust::{Cause as HandshakeCause, CertificateStatus, callers_verifier},
    },
    cluster::SCHEMA as STATE_SCHEMA,
    doors::{
        institutions::{exchange::HttpExchange, query_body::question, reply::reply},
        problems::status,
    },
    gateway::{Gateway, Moment},
    journey::{
        exchange::{Ended, Question},
        record::{Receipt, Recorded, evidence::Evidence},
        refusal::Refusal,
        stages::{
            accept::{Asked, Reading, accept, read_alone},
            admit::{Admitted, admit},
            authorise::{Permitted, authorise},
            fetch::{Fetched, fetch},
            ground::{Grounded, ground},
            identify::{Identified, identify},
            minimise::{Answer, minimise},
        },
    },
    settings::{LISTENERS, Limits},
    state::{
        Claim, ConsentClaim, ConsentUse, Counts, IdempotencyClaim, IdempotencyEntry, Limits as CountLimits, Refused,
        RepeatWindow, Reservation, Settlement,
        visits::{Answered as VisitsAnswered, Said, Step, Unreached, Visits, Word, memory::Memory as VisitsInMemory},
    },
    stores::postgres::SCHEMA as POSTGRES_SCHEMA,
    telemetry::{
        FIELDS,
        metrics::{Duty, Stage},
    },
    transport::{
        Body,
        head::is_ambiguous,
        http1_guard::{GuardHandle, HeadVerdict, Http1Guard},
    },
};
