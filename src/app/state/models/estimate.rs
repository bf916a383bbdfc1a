//! What the lineup in hand takes in memory, worked out on a thread of its own.

use super::Models;
use crate::domain::{ComputeSettings, MemoryEstimate};
use crate::error::Failure;
use crate::worker::facts;
use crate::worker::shelf::Lineup;

/// The question for the thread that answers it.
#[derive(Debug, Clone, PartialEq)]
pub struct EstimateRequest {
    /// The whole lineup, with absolute paths.
    pub lineup: Lineup,
    /// On what it is to be computed.
    pub compute: ComputeSettings,
}

/// Its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimated {
    /// What was asked.
    pub request: EstimateRequest,
    /// What it takes, or why that cannot be told.
    pub answer: Result<MemoryEstimate, Failure>,
}

impl EstimateRequest {
    /// Reads headers; takes as long as the disk does.
    #[must_use]
    pub fn answer(self) -> Estimated {
        let answer = facts::estimate_draft(&self.lineup, &self.compute);
        Estimated {
            request: self,
            answer,
        }
    }
}

impl Models {
    /// What to ask for the lineup in hand; nothing while it is not whole or not all here.
    #[must_use]
    pub fn estimate_request(&self, compute: &ComputeSettings) -> Option<EstimateRequest> {
        let mut lineup = self.plan.lineup().filter(|_| self.plan.gap().is_none())?;
        // What it is called and how the sliders stand takes no memory.
        lineup.name.clear();
        for entry in &mut lineup.objectives {
            entry.weight = 0.0;
            entry.about = String::new();
            entry.colour = None;
        }
        let is_here = self.begun && !self.plan.places().any(|place| self.is_away(place));
        is_here.then(|| EstimateRequest {
            lineup,
            compute: compute.clone(),
        })
    }

    /// The estimate of the lineup in hand, once it is known.
    #[must_use]
    pub fn estimate(&self, compute: &ComputeSettings) -> Option<&Result<MemoryEstimate, Failure>> {
        let request = self.estimate_request(compute)?;
        let known = self.estimated.as_ref()?;
        (known.request == request).then_some(&known.answer)
    }
}
