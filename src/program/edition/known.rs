//! Editions that are known, of which not all are in force: a recalculation can replace one, and can be reverted.

use super::{Edition, EditionError, Editions, Kinds, document};

impl Editions {
    /// Parses documents of which those in force are marked, in any order. Kinds that were known before keep their numbers,
    /// so what was begun by the editions of before can go on.
    ///
    /// # Errors
    /// See [`Self::parse`].
    pub fn parse_known<'a>(
        before: Option<&Self>,
        documents: impl IntoIterator<Item = (&'a str, bool)>,
    ) -> Result<Self, EditionError> {
        let mut kinds = before.map_or_else(Kinds::default, |before| before.kinds.clone());
        let (mut in_force, mut former) = (Vec::new(), Vec::new());
        for (text, is_in_force) in documents {
            let edition = document::parse(text, &mut kinds)?;
            if is_in_force { in_force.push(edition) } else { former.push(edition) }
        }
        Self::of_both(in_force, former, kinds)
    }

    /// The same editions, of which those at these places are in force.
    ///
    /// # Errors
    /// When they can't be so together: two come into force on the same day, or there is none.
    pub fn with_in_force(&self, places: &[usize]) -> Result<Self, EditionError> {
        let all = self.editions.iter().chain(&self.former).cloned().enumerate();
        let (in_force, former): (Vec<_>, Vec<_>) = all.partition(|(place, _)| places.contains(place));
        let plain =
            |editions: Vec<(usize, Edition)>| editions.into_iter().map(|(_, edition)| edition).collect();
        Self::of_both(plain(in_force), plain(former), self.kinds.clone())
    }

    fn of_both(mut in_force: Vec<Edition>, former: Vec<Edition>, kinds: Kinds) -> Result<Self, EditionError> {
        in_force.sort_by_key(|edition| edition.effective_from);
        if let Some(pair) = in_force.windows(2).find(|pair| pair[0].effective_from == pair[1].effective_from)
        {
            let message = format!("another edition comes into force on {} already", pair[0].effective_from);
            return Err(EditionError::on_line(1, message));
        }
        let count = kinds.len();
        let mut editions = Self::assemble(in_force, kinds)?;
        editions.former = former;
        for edition in &mut editions.former {
            edition.index_rules(count);
        }
        Ok(editions)
    }

    /// How many editions are in force on some day.
    #[must_use]
    pub fn count_in_force(&self) -> usize {
        self.editions.len()
    }
}
