//! A look at the files of the authorities and of their lists. Both are read when one of them changed, since lists are by
//! authorities; what cannot be used leaves that in force which was.

use std::sync::{Arc, atomic::Ordering};

use super::{
    authorities::Authorities,
    in_force::{InForce, Trust, TrustError},
    list::ListError,
    lists,
};

/// What came of a look at files that changed: whether new ones are in force, or why those before stay in force.
#[derive(Debug)]
pub struct Reloaded {
    /// Of the authorities.
    pub authorities: Result<bool, TrustError>,
    /// Of the lists.
    pub list: Result<bool, ListError>,
}

impl Trust {
    /// Looks at the files, if one changed since the last look; `force` even if none did.
    pub fn reload(&self, force: bool) -> Option<Reloaded> {
        if !self.files.have_changed() && !force {
            return None;
        }
        let looked = self.look();
        self.files.authorities_refused.store(looked.authorities.is_err(), Ordering::Relaxed);
        self.files.list_refused.store(looked.list.is_err(), Ordering::Relaxed);
        Some(looked)
    }

    /// Whether the file of the authorities was refused when it was last looked at.
    #[must_use]
    pub fn are_authorities_refused(&self) -> bool {
        self.files.authorities_refused.load(Ordering::Relaxed)
    }

    /// Whether the file of the lists was refused when it was last looked at.
    #[must_use]
    pub fn is_list_refused(&self) -> bool {
        self.files.list_refused.load(Ordering::Relaxed)
    }

    fn look(&self) -> Reloaded {
        let before = self.in_force();
        let news = match TrustError::authorities(&self.files.authorities) {
            Ok(read) if read.are_those(&before.authorities) => Ok(None),
            Ok(read) => Ok(Some(Arc::new(read))),
            Err(error) => Err(error),
        };
        let fault = match news {
            Ok(Some(authorities)) => match self.take(&authorities, &before) {
                Ok(is_new) => return Reloaded { authorities: Ok(true), list: Ok(is_new) },
                Err(error) => Some(error.into()),
            },
            Ok(None) => None,
            Err(error) => Some(error),
        };
        // Nobody whom a list revokes waits until the authorities are as they must be.
        let list = self.take(&before.authorities, &before);
        Reloaded { authorities: fault.map_or(Ok(false), Err), list }
    }

    /// Puts the lists of the file in force, by these authorities; whether they are new.
    fn take(&self, authorities: &Arc<Authorities>, before: &InForce) -> Result<bool, ListError> {
        let path = &self.files.list;
        let lists = lists::read(path, authorities, self.clock.now())?;
        let is_new = !lists.are_those(&before.lists);
        if is_new || !Arc::ptr_eq(authorities, &before.authorities) {
            lists.follow(&before.lists, authorities, path)?;
            self.put(InForce::new(before.generation + 1, Arc::clone(authorities), lists, path)?);
        }
        Ok(is_new)
    }
}
