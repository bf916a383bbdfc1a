//! What the next sweep would try.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::app::state::State;
use crate::domain::Prompt;
use crate::engine::tradeoff::{Plan, Random, Range};

/// Most settings that the page tries: more points say no more, and are slow to draw.
const MOST_SETTINGS: usize = 500;
/// Most weights of one objective on a grid.
pub const MOST_STEPS: usize = 50;
/// Most random settings.
pub const MOST_RANDOM: usize = 400;
/// Most texts of each setting for each prompt.
pub const MOST_SAMPLES: usize = 100;
/// Most tokens of a text.
pub const LONGEST_TEXT: usize = 2048;
/// Tokens of a text where nothing says otherwise.
const USUAL_TEXT: usize = 96;

/// Which prompts are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PromptChoice {
    /// The one in the prompt box.
    #[default]
    Current,
    /// Those ticked in the library.
    Library,
    /// Those typed on the page, one a line.
    Typed,
}

/// Which weights are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SweepWay {
    /// All combinations of steps.
    #[default]
    Grid,
    /// Random ways to divide a sum.
    Random,
}

/// One objective in the set-up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Swept {
    /// Whether its weight is swept; else it stays where its slider stands.
    pub on: bool,
    /// The first weight.
    pub low: f64,
    /// The last weight.
    pub high: f64,
    /// How many weights.
    pub steps: usize,
}

impl Swept {
    const fn new(on: bool) -> Self {
        Self {
            on,
            low: 0.0,
            high: 2.0,
            steps: 5,
        }
    }
}

/// What the next sweep would try.
#[derive(Debug, Clone, PartialEq)]
pub struct Setup {
    /// Which prompts.
    pub prompts: PromptChoice,
    /// The ticked prompts of the library, by their indices.
    pub ticked: BTreeSet<usize>,
    /// Prompts typed on the page.
    pub typed: String,
    /// Which weights.
    pub way: SweepWay,
    /// One per objective of the lineup.
    pub objectives: Vec<Swept>,
    /// How many random settings.
    pub random: usize,
    /// The sum of their weights.
    pub total: f64,
    /// Texts of each setting for each prompt.
    pub samples: usize,
    /// Most tokens of a text.
    pub max_tokens: usize,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            prompts: PromptChoice::default(),
            ticked: BTreeSet::new(),
            typed: String::new(),
            way: SweepWay::default(),
            objectives: Vec::new(),
            random: 24,
            total: 2.0,
            samples: 4,
            max_tokens: USUAL_TEXT,
        }
    }
}

impl Setup {
    /// Fits it to a lineup of so many objectives: the first two are swept.
    pub(crate) fn fit(&mut self, objectives: usize) {
        self.objectives = (0..objectives).map(|index| Swept::new(index < 2)).collect();
    }

    /// The objectives whose weights are swept.
    #[must_use]
    pub fn swept(&self) -> Vec<usize> {
        (0..self.objectives.len())
            .filter(|&index| self.objectives[index].on)
            .collect()
    }

    /// The prompts, none of them empty.
    #[must_use]
    pub fn prompts(&self, state: &State) -> Vec<Arc<Prompt>> {
        let current = &state.draft.prompt;
        let with = |text: &str| {
            Arc::new(Prompt {
                text: text.trim().to_owned(),
                ..current.clone()
            })
        };
        let prompts: Vec<Arc<Prompt>> = match self.prompts {
            PromptChoice::Current => vec![Arc::new(current.clone())],
            PromptChoice::Library => self
                .ticked
                .iter()
                .filter_map(|&index| state.library.prompts.get(index))
                .map(|prompt| with(&prompt.text))
                .collect(),
            PromptChoice::Typed => self.typed.lines().map(with).collect(),
        };
        prompts
            .into_iter()
            .filter(|prompt| !prompt.text.trim().is_empty())
            .collect()
    }

    /// Which weights are tried; objectives that are not swept stay where their sliders stand.
    #[must_use]
    pub fn plan(&self, state: &State) -> Plan {
        let mut plan = Plan {
            fixed: state.draft.effective_weights().to_vec(),
            ..Plan::default()
        };
        let swept = self.swept();
        match self.way {
            SweepWay::Grid => {
                plan.grid = swept
                    .into_iter()
                    .map(|objective| {
                        let Swept {
                            low, high, steps, ..
                        } = self.objectives[objective];
                        Range {
                            objective,
                            low,
                            high,
                            steps,
                        }
                    })
                    .collect();
            }
            SweepWay::Random => {
                plan.random = Some(Random {
                    objectives: swept,
                    count: self.random,
                    total: self.total,
                    seed: state.draft.sampling.seed,
                });
            }
        }
        plan
    }

    /// How many settings, prompts and texts it would be.
    ///
    /// # Errors
    /// Why there can be no sweep, in a sentence.
    pub fn size(&self, state: &State) -> Result<[usize; 3], String> {
        if state.objectives().is_empty() {
            return Err("A sweep needs models with an objective".to_owned());
        }
        if self.swept().is_empty() {
            return Err("Tick an objective whose weight is to be swept".to_owned());
        }
        let prompts = self.prompts(state).len();
        if prompts == 0 {
            return Err(match self.prompts {
                PromptChoice::Current => "The prompt box on the Steer page is empty",
                PromptChoice::Library => "Tick a prompt of the library",
                PromptChoice::Typed => "Type a prompt, one on each line",
            }
            .to_owned());
        }
        let settings = self.plan(state).settings()?.len();
        if settings > MOST_SETTINGS {
            return Err(format!(
                "The page tries at most {MOST_SETTINGS} settings, and these would be {settings}"
            ));
        }
        Ok([settings, prompts, settings * prompts * self.samples])
    }
}
