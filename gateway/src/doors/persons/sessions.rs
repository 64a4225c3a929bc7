//! Who is logged in: in memory only, so that nothing of a session outlives the process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use credit_audit::leaf::Actor;
use credit_keys::{Entropy, EntropyError};
use credit_policy::{CitizenNumber, Language, Personal};
use uuid::Uuid;

use super::token;
use crate::state::standing::StandingKey;

/// A session ends when it was not used for so long, and in any case after so long.
const IDLE: Duration = Duration::from_secs(15 * 60);
const LONGEST: Duration = Duration::from_secs(8 * 60 * 60);
/// Sessions in all, and of one person; of these the oldest ends.
const MOST: usize = 10_000;
const MOST_OF_ONE: usize = 5;
/// What is recorded for one session in a minute.
const RECORDED_A_MINUTE: u32 = 30;
const MINUTE: Duration = Duration::from_secs(60);

/// The sessions.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<String, Session>>);

struct Session {
    person: Arc<Personal<CitizenNumber>>,
    /// The account that is bound to the person, where that is by what the person is known.
    account: Option<StandingKey>,
    /// For whom the person acts, and by which mandate.
    acting: Option<(Uuid, Arc<Personal<CitizenNumber>>)>,
    form: Arc<str>,
    language: Language,
    began: Duration,
    used: Duration,
    minute: Duration,
    recorded: u32,
}

/// Who acts for a person.
#[derive(Clone)]
pub(super) enum Through {
    /// An officer at the counter.
    Officer(Actor),
    /// Who has this mandate.
    Deputy(Uuid, Arc<Personal<CitizenNumber>>),
}

/// A session as one request sees it.
#[derive(Clone)]
pub(super) struct LoggedIn {
    /// Whom it is about.
    pub(super) person: Arc<Personal<CitizenNumber>>,
    /// Who acts, where it is not the person.
    pub(super) through: Option<Through>,
    /// The account by which the person logged in, where that must be bound.
    pub(super) account: Option<StandingKey>,
    /// What every form must bring with it.
    pub(super) form: Arc<str>,
    pub(super) language: Language,
}

/// Why there is no new session.
pub(super) enum NotBegun {
    /// As many as may be.
    Full,
    /// The system gives no randomness.
    Randomness(EntropyError),
}

impl Sessions {
    /// Begins a session and returns its name, which goes into the cookie.
    ///
    /// # Errors
    /// [`NotBegun`].
    pub(super) fn begin(
        &self,
        person: Personal<CitizenNumber>,
        account: Option<StandingKey>,
        language: Language,
        now: Duration,
        entropy: &dyn Entropy,
    ) -> Result<String, NotBegun> {
        let name = token::draw(entropy).map_err(NotBegun::Randomness)?;
        let form: Arc<str> = token::draw(entropy).map_err(NotBegun::Randomness)?.into();
        let person = Arc::new(person);
        let mut all = self.lock();
        all.retain(|_, session| !session.is_over(now));
        let is_same =
            |session: &Session| session.person.disclose(|one| person.disclose(|other| one.as_str() == other.as_str()));
        let of_one: Vec<_> = all.iter().filter(|(_, session)| is_same(session)).collect();
        if of_one.len() >= MOST_OF_ONE {
            let oldest = of_one.iter().min_by_key(|(_, session)| session.began).map(|(name, _)| (*name).clone());
            oldest.and_then(|oldest| all.remove(&oldest));
        }
        if all.len() >= MOST {
            return Err(NotBegun::Full);
        }
        let session =
            Session { person, account, acting: None, form, language, began: now, used: now, minute: now, recorded: 0 };
        all.insert(name.clone(), session);
        Ok(name)
    }

    /// The session of this name, which is used now; `language` is what its pages are in from here on.
    pub(super) fn find(&self, name: &str, language: Option<Language>, now: Duration) -> Option<LoggedIn> {
        let mut all = self.lock();
        let session = all.get_mut(name)?;
        if session.is_over(now) {
            all.remove(name);
            return None;
        }
        session.used = now;
        session.language = language.unwrap_or(session.language);
        let Session { person, account, acting, form, language, .. } = &*session;
        let (person, through) = match acting {
            Some((mandate, other)) => (other, Some(Through::Deputy(*mandate, Arc::clone(person)))),
            None => (person, None),
        };
        let (person, form) = (Arc::clone(person), Arc::clone(form));
        Some(LoggedIn { person, through, account: *account, form, language: *language })
    }

    /// From here on the session acts for this person by this mandate; for nobody else where there is none.
    pub(super) fn act_for(&self, name: &str, acting: Option<(Uuid, Arc<Personal<CitizenNumber>>)>) {
        if let Some(session) = self.lock().get_mut(name) {
            session.acting = acting;
        }
    }

    /// Takes one of the records that a session may make in a minute.
    #[must_use]
    pub(super) fn may_record(&self, name: &str, now: Duration) -> bool {
        let mut all = self.lock();
        let Some(session) = all.get_mut(name) else { return false };
        if now.saturating_sub(session.minute) >= MINUTE {
            (session.minute, session.recorded) = (now, 0);
        }
        session.recorded += 1;
        session.recorded <= RECORDED_A_MINUTE
    }

    /// Ends a session.
    pub(super) fn end(&self, name: &str) {
        self.lock().remove(name);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn is_over(&self, now: Duration) -> bool {
        now.saturating_sub(self.used) >= IDLE || now.saturating_sub(self.began) >= LONGEST
    }
}

#[cfg(test)]
mod tests {
    use credit_keys::SystemEntropy;

    use super::*;

    fn person(place: usize) -> Personal<CitizenNumber> {
        // Made-up numbers of division 99, each with its check character.
        let body = format!("99000119900307{place:03}");
        let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
        let sum: u32 = body.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
        let check = ["1", "0", "X", "9", "8", "7", "6", "5", "4", "3", "2"][(sum % 11) as usize];
        CitizenNumber::parse(&format!("{body}{check}")).unwrap()
    }

    fn begin(sessions: &Sessions, place: usize, now: Duration) -> Option<String> {
        sessions.begin(person(place), None, Language::Zh, now, &SystemEntropy::new()).ok()
    }

    #[test]
    fn a_session_ends_when_it_is_idle_and_after_eight_hours_at_most() {
        let sessions = Sessions::default();
        let at = Duration::from_secs;
        let name = begin(&sessions, 1, at(0)).unwrap();
        assert!(sessions.find(&name, None, at(899)).is_some());
        assert!(sessions.find(&name, None, at(899 + 900)).is_none(), "idle");
        assert!(sessions.find(&name, None, at(899)).is_none(), "it does not come back");
        let name = begin(&sessions, 1, at(0)).unwrap();
        for minute in 0..480 {
            assert!(sessions.find(&name, None, at(minute * 60)).is_some());
        }
        assert!(sessions.find(&name, None, at(8 * 60 * 60)).is_none());
    }

    #[test]
    fn names_that_are_none_find_nobody_and_a_logout_is_final() {
        let sessions = Sessions::default();
        let name = begin(&sessions, 1, Duration::ZERO).unwrap();
        for other in ["", "x", &name.to_uppercase(), name.get(1..).unwrap_or_default(), &format!("{name}=")] {
            assert!(sessions.find(other, None, Duration::ZERO).is_none());
        }
        sessions.end(&name);
        assert!(sessions.find(&name, None, Duration::ZERO).is_none());
    }

    #[test]
    fn one_person_has_five_sessions_and_the_oldest_gives_way() {
        let sessions = Sessions::default();
        let names: Vec<_> = (0..6).map(|at| begin(&sessions, 1, Duration::from_secs(at)).unwrap()).collect();
        let now = Duration::from_secs(6);
        let live: Vec<_> = names.iter().map(|name| sessions.find(name, None, now).is_some()).collect();
        assert_eq!(live, [false, true, true, true, true, true]);
        let other = begin(&sessions, 2, now).unwrap();
        let numbers = [&names[1], &other].map(|name| sessions.find(name, None, now).unwrap().person);
        let [one, other] = numbers.map(|person| person.disclose(|number| number.as_str().to_owned()));
        assert_ne!(one, other);
    }

    #[test]
    fn a_session_makes_so_many_records_a_minute() {
        let sessions = Sessions::default();
        let name = begin(&sessions, 1, Duration::ZERO).unwrap();
        let taken = (0..40).filter(|_| sessions.may_record(&name, Duration::ZERO)).count();
        assert_eq!(taken, RECORDED_A_MINUTE as usize);
        assert!(sessions.may_record(&name, MINUTE));
    }

    #[test]
    fn there_are_ten_thousand_at_most_in_thirty_two_mebibytes() {
        let sessions = Sessions::default();
        let sample = begin(&sessions, 0, Duration::ZERO).unwrap();
        let form = sessions.find(&sample, None, Duration::ZERO).unwrap().form;
        // Twice the capacity that a table of a map has, the texts of each, and a number of 18 characters.
        // And the number of another person, for whom this one acts.
        let each = 2 * size_of::<(String, Session)>() + sample.len() + form.len() + 2 * 64;
        assert!(each * MOST <= 32 * 1024 * 1024, "{each}");
        let mut all = sessions.lock();
        let template = Arc::new(person(1));
        for place in all.len()..MOST {
            let session = Session {
                person: Arc::clone(&template),
                account: None,
                acting: None,
                form: "".into(),
                language: Language::Zh,
                began: Duration::ZERO,
                used: Duration::ZERO,
                minute: Duration::ZERO,
                recorded: 0,
            };
            all.insert(place.to_string(), session);
        }
        drop(all);
        assert!(begin(&sessions, 2, Duration::ZERO).is_none(), "full");
        assert!(begin(&sessions, 2, IDLE).is_some(), "what is over makes room");
    }
}
