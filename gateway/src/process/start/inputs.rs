//! What a start reads before it opens the log: one list of steps for `serve`, for `check` and for the changes that are made
//! while no gateway runs. Nothing is written, and every fault is found, not only the first.

use std::sync::Arc;

use credit_audit::clock::Clock;
use credit_keys::Ring;
use credit_policy::Catalogue;
use jiff::Timestamp;

use super::{
    directory::Listed, error::StartError, faults::Faults, keys::open_ring, places, project, register,
    rules::read_catalogue, store::check_stores, tls, tls::TlsSettings,
};
use crate::{
    callers::{issuers::Issuers, kept, register::Register, trust::Known},
    cluster,
    copies::At,
    doors::{elsewhere::Others, persons::provider::Provider},
    objects::Client,
    process::witnesses,
    settings::Settings,
    stores::routes::Routes,
};

/// What was read of the configuration's files.
pub(crate) struct Inputs {
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) files: Vec<(String, String)>,
    pub(super) ring: Ring,
    pub(super) register: Register,
    /// Shared with whom the listeners trust, where these were read.
    pub(super) certificates: Arc<Known>,
    pub(super) issuers: Issuers,
    pub(super) routes: Routes,
    /// Where the configuration names a directory.
    pub(super) listed: Option<Listed>,
}

impl Inputs {
    /// Reads everything but what the doors need.
    ///
    /// # Errors
    /// Each thing that is not as it must be.
    pub(crate) fn read(settings: &Settings, now: Timestamp) -> Result<Self, Vec<StartError>> {
        let mut faults = Faults::default();
        Self::collect(settings, now, &mut faults).ok_or(faults.0)
    }

    /// The list. Nothing where a step found a fault; each step is tried in any case.
    pub(super) fn collect(settings: &Settings, now: Timestamp, faults: &mut Faults) -> Option<Self> {
        let before = faults.0.len();
        let catalogue = faults.keep(read_catalogue(settings)).map(|(catalogue, files)| (Arc::new(catalogue), files));
        let ring = faults.keep(open_ring(settings).and_then(|ring| {
            ring.log_signer(&settings.log.origin)?;
            Ok(ring)
        }));
        let register = register::configured(settings, catalogue.as_ref().map(|(catalogue, _)| &**catalogue), faults);
        let issuers = faults.keep(Issuers::read(&settings.consent_issuers));
        faults.note(check_stores(settings, catalogue.as_ref().map(|(catalogue, _)| catalogue)));
        let routes = catalogue.as_ref().map(|(catalogue, _)| Routes::load(settings, catalogue));
        let routes =
            routes.and_then(|loaded| loaded.map_err(|all| faults.0.extend(all.into_iter().map(StartError::from))).ok());
        faults.note(project::check_release(settings));
        if let Some(ring) = &ring {
            faults.note(ring.log_signer(&settings.log.origin).map_err(StartError::from).and_then(|signer| {
                witnesses::cosigning(settings, &signer.public_key()).map(drop).map_err(StartError::from)
            }));
        }
        // Only its files: a store that is away keeps no gateway from serving.
        let objects = settings.log.objects.as_ref().map_or(Ok(()), Client::check_files);
        faults.note(objects.map_err(StartError::from));
        // Nor who keeps the second copy, to start: while it is away nothing is recorded.
        let copy = settings.log.copy.as_ref().map_or(Ok(()), At::check_files);
        faults.note(copy.map_err(StartError::from));
        // Nor is the server of rates needed.
        let rates = settings.state.as_ref().and_then(|state| state.rates.as_ref());
        faults.note(rates.map_or(Ok(()), cluster::check_files).map_err(StartError::from));
        let listed = ring.as_ref().and_then(|ring| faults.keep(Listed::read(settings, ring, now)));
        faults.0.extend(places::faults(settings));
        if faults.0.len() > before {
            return None;
        }
        let (catalogue, files) = catalogue?;
        let (ring, issuers, routes, listed) = (ring?, issuers?, routes?, listed?);
        Some(Self { catalogue, files, ring, register, certificates: Arc::default(), issuers, routes, listed })
    }
}

/// Everything that `serve` reads before it opens the log and then a port.
///
/// # Errors
/// Each thing that is not as it must be.
pub(crate) fn read(settings: &Settings, clock: &Arc<dyn Clock>) -> Result<(Inputs, TlsSettings), Vec<StartError>> {
    let mut faults = Faults::default();
    let read = collect(settings, clock, &mut faults);
    read.0.zip(read.1).filter(|_| faults.0.is_empty()).ok_or(faults.0)
}

pub(super) fn collect(
    settings: &Settings,
    clock: &Arc<dyn Clock>,
    faults: &mut Faults,
) -> (Option<Inputs>, Option<TlsSettings>) {
    let mut inputs = Inputs::collect(settings, clock.now(), faults);
    let missing = tls::missing(&settings.tls);
    let mut tls = if missing.is_empty() { faults.keep(TlsSettings::read(settings, clock)) } else { None };
    faults.0.extend(missing);
    let identity = settings.persons.as_ref().map(|persons| Provider::new(persons, Arc::clone(clock)));
    let identity = faults.keep(identity.transpose().map_err(StartError::from)).flatten();
    let others = settings.persons.as_ref().map(Others::new).transpose();
    let others = faults.keep(others.map_err(StartError::from)).flatten();
    if let (Some(inputs), Some(tls)) = (&mut inputs, &mut tls) {
        tls.identity = identity;
        tls.others = others.unwrap_or_default();
        inputs.certificates = Arc::clone(tls.trust.known());
        kept::all(settings).into_iter().for_each(|chain| inputs.certificates.register(chain));
    }
    (inputs, tls)
}
