//! Who can have anything to do with whom.

use uuid::Uuid;

use super::Replay;
use crate::program::fold::{PartnerIndex, ProfessionalIndex, Subject};

/// Circles of subjects: whoever worked for a partner is in the same one, and so is whoever was merged into another.
///
/// What a recorded activity awards depends on what was recorded of the same circle before, and on nothing of another one.
#[derive(Debug)]
pub(super) struct Circles {
    /// For each partner, and then for each professional, the place of one of the same circle, or its own.
    links: Vec<u32>,
    partners: u32,
}

impl Circles {
    /// Those of the subjects of a replay and the pairs of professionals and partners that worked together at any time.
    pub(super) fn of(replay: &Replay<'_>, affiliated: impl IntoIterator<Item = (Uuid, Uuid)>) -> Self {
        let count = |len: usize| u32::try_from(len).expect("fewer than 2^32 subjects");
        let partners = count(replay.partners.len());
        let all = count(replay.partners.len() + replay.professionals.len());
        let mut circles = Self { links: (0..all).collect(), partners };
        let partner = |id: &Uuid| replay.partner_indexes.get(id).map(|who| Subject::Partner(*who));
        let professional =
            |id: &Uuid| replay.professional_indexes.get(id).map(|who| Subject::Professional(*who));
        for (person, company) in affiliated {
            circles.join(professional(&person), partner(&company));
        }
        for (index, state) in (0..).zip(&replay.partners) {
            let into = state.stored_merged_into.as_ref().and_then(partner);
            circles.join(Some(Subject::Partner(PartnerIndex(index))), into);
        }
        for (index, state) in (0..).zip(&replay.professionals) {
            let into = state.stored_merged_into.as_ref().and_then(professional);
            circles.join(Some(Subject::Professional(ProfessionalIndex(index))), into);
        }
        circles
    }

    /// How many numbers circles have at most.
    pub(super) fn len(&self) -> usize {
        self.links.len()
    }

    /// The number of a subject's circle.
    pub(super) fn number(&mut self, subject: Subject) -> usize {
        let mut place = match subject {
            Subject::Partner(who) => who.0,
            Subject::Professional(who) => self.partners + who.0,
        } as usize;
        loop {
            let next = self.links[place] as usize;
            if next == place {
                return place;
            }
            // The way is halved for the next one who goes it.
            self.links[place] = self.links[next];
            place = next;
        }
    }

    fn join(&mut self, one: Option<Subject>, other: Option<Subject>) {
        let Some((one, other)) = one.zip(other) else { return };
        let (one, other) = (self.number(one), self.number(other));
        // The lower number leads, so that the subjects of a circle are found from a partner on.
        let (first, second) = (one.min(other), one.max(other));
        self.links[second] = self.links[first];
    }
}
