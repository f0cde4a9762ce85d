//! What is known of the end of a thing.

/// A moment in the run, counted in steps.
pub(crate) type Step = usize;

/// What may have ended a thing, and what surely did.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mark {
    /// Something that could end it was begun.
    pub(crate) threatened: bool,
    /// Its end was acknowledged at this step.
    pub(crate) dead: Option<Step>,
}

impl Mark {
    pub(crate) fn kill(&mut self, step: Step) {
        self.threatened = true;
        self.dead.get_or_insert(step);
    }

    pub(crate) fn was_dead(&self, step: Step) -> bool {
        self.dead.is_some_and(|dead| dead < step)
    }
}
