//! What can be set of a reward model's training, once: name, words, range and place. The command line takes its help and
//! its defaults from here, the window its labels, fields and explanations.

use super::order::ArmOrder;

/// Whether a number is counted or measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number.
    Whole,
    /// A whole number that may be left open, which 0 stands for.
    Open,
    /// Any number.
    Real,
}

/// A number that can be set.
#[derive(Debug, Clone, Copy)]
pub struct Number {
    /// As it is typed on the command line, behind two dashes.
    pub name: &'static str,
    /// A few words for the window.
    pub label: &'static str,
    /// One line.
    pub help: &'static str,
    /// Counted or measured.
    pub kind: Kind,
    /// Least and greatest value that the window offers.
    pub range: (f64, f64),
    get: fn(&ArmOrder) -> f64,
    set: fn(&mut ArmOrder, f64),
}

impl Number {
    /// Its value in an order.
    #[must_use]
    pub fn of(&self, order: &ArmOrder) -> f64 {
        (self.get)(order)
    }

    /// Gives an order another value, brought into the range.
    pub fn put(&self, order: &mut ArmOrder, value: f64) {
        let (least, most) = self.range;
        let value = match self.kind {
            Kind::Whole | Kind::Open => value.round(),
            Kind::Real => value,
        };
        if value.is_finite() {
            (self.set)(order, value.clamp(least, most));
        }
    }
}

/// Something that is on or off.
#[derive(Debug, Clone, Copy)]
pub struct Switch {
    /// As it is typed on the command line, behind two dashes.
    pub name: &'static str,
    /// A few words for the window.
    pub label: &'static str,
    /// One line.
    pub help: &'static str,
    get: fn(&ArmOrder) -> bool,
    set: fn(&mut ArmOrder, bool),
}

impl Switch {
    /// Its value in an order.
    #[must_use]
    pub fn of(&self, order: &ArmOrder) -> bool {
        (self.get)(order)
    }

    /// Gives an order another value.
    pub fn put(&self, order: &mut ArmOrder, on: bool) {
        (self.set)(order, on);
    }
}

/// Largest count that the window offers where nothing speaks against a larger one.
const MANY: f64 = 1e9;

macro_rules! numbers {
    ($($id:ident $name:literal $label:literal $kind:ident $range:expr,
       $get:expr, $set:expr, $help:literal;)*) => {
        $(
            #[doc = $help]
            pub const $id: Number = Number {
                name: $name,
                label: $label,
                help: $help,
                kind: Kind::$kind,
                range: $range,
                get: $get,
                set: $set,
            };
        )*
        /// All numbers.
        pub const NUMBERS: &[Number] = &[$($id),*];
    };
}

numbers! {
    EPOCHS "epochs" "Passes over the data" Whole (1.0, 1000.0),
        |o| o.settings.epochs as f64, |o, v| o.settings.epochs = v as u64,
        "How often each pair is learnt from: few pairs want several passes, thousands want one";
    BATCH "batch" "Pairs per step" Whole (1.0, 4096.0),
        |o| o.settings.batch as f64, |o, v| o.settings.batch = v as usize,
        "Pairs whose mean decides one step: fewer learn in more but noisier steps";
    LR "lr" "Learning rate" Real (0.0, 1.0),
        |o| o.settings.lr, |o, v| o.settings.lr = v,
        "How far a step goes at most: too high and the loss jumps or grows, too low and nothing is learnt";
    BETA "beta" "Beta" Real (1e-4, 10.0),
        |o| o.loss.beta, |o, v| o.loss.beta = v,
        "How strongly a difference in log-likelihood counts: a lower one makes a louder reward model";
    GAMMA "gamma" "Gamma" Real (0.0, 100.0),
        |o| o.loss.gamma, |o, v| o.loss.gamma = v,
        "The margin by which the preferred answer should lead, in units of beta times nats";
    LABEL_SMOOTHING "label-smoothing" "Label smoothing" Real (0.0, 0.49),
        |o| o.loss.label_smoothing, |o, v| o.loss.label_smoothing = v,
        "Share of pairs taken to be labelled the wrong way round";
    HOLD_OUT "hold-out" "Held out" Real (0.0, 0.9),
        |o| o.hold_out.unwrap_or(0.0), |o, v| o.hold_out = (v > 0.0).then_some(v),
        "Share of the pairs held out to judge, where no other pairs are given for it";
    RANK "rank" "Rank" Whole (1.0, 1024.0),
        |o| o.adapter.rank as f64, |o, v| o.adapter.rank = v as usize,
        "Rank of the adapter: how much can change, and how large the result is";
    ALPHA "alpha" "Alpha" Real (0.01, 4096.0),
        |o| o.adapter.alpha, |o, v| o.adapter.alpha = v,
        "The adapter's change is scaled by alpha / rank";
    DROPOUT "dropout" "Dropout" Real (0.0, 0.95),
        |o| o.adapter.dropout, |o, v| o.adapter.dropout = v,
        "Share of the adapter's inputs left out in training, against learning by heart";
    MAX_PROMPT "max-prompt" "Longest prompt" Whole (1.0, MANY),
        |o| o.limits.prompt as f64, |o, v| o.limits.prompt = v as usize,
        "Most tokens of a prompt; of a longer one the end is kept";
    MAX_LENGTH "max-length" "Longest pair" Whole (2.0, MANY),
        |o| o.limits.total as f64, |o, v| o.limits.total = v as usize,
        "Most tokens of prompt and answer together; longer answers are cut";
    WARMUP "warmup" "Warm-up steps" Whole (0.0, MANY),
        |o| o.settings.warmup as f64, |o, v| o.settings.warmup = v as u64,
        "Steps over which the learning rate rises, before it falls to nothing";
    WEIGHT_DECAY "weight-decay" "Weight decay" Real (0.0, 10.0),
        |o| o.settings.weight_decay, |o, v| o.settings.weight_decay = v,
        "Pull of the trained weights towards 0";
    ACCUMULATE "accumulate" "Batches per step" Whole (1.0, 4096.0),
        |o| o.settings.accumulate as f64, |o, v| o.settings.accumulate = v as usize,
        "Batches whose gradients are added before each step";
    CLIP "clip" "Clipping" Real (1e-6, MANY),
        |o| o.settings.clip, |o, v| o.settings.clip = v,
        "Longest gradient; longer ones are shortened";
    MAX_STEPS "max-steps" "Most steps" Open (0.0, MANY),
        |o| o.settings.max_steps.unwrap_or(0) as f64,
        |o, v| o.settings.max_steps = (v >= 1.0).then_some(v as u64),
        "End after this many steps";
    LIMIT "limit" "Most pairs" Open (0.0, MANY),
        |o| o.limit.unwrap_or(0) as f64, |o, v| o.limit = (v >= 1.0).then_some(v as usize),
        "Use only the first pairs of the data";
    EVAL_EVERY "eval-every" "Judge every" Whole (0.0, MANY),
        |o| o.settings.eval_every as f64, |o, v| o.settings.eval_every = v as u64,
        "Judge the held-out examples every so many steps; 0 only at the end";
    SAVE_EVERY "save-every" "Checkpoint every" Whole (0.0, MANY),
        |o| o.settings.save_every as f64, |o, v| o.settings.save_every = v as u64,
        "Write a checkpoint every so many steps; 0 only at the end or when interrupted";
    SEED "seed" "Seed" Whole (0.0, MANY),
        |o| o.settings.seed as f64, |o, v| o.settings.seed = v as u64,
        "Decides first weights, order and dropout";
}

/// Feed prompts as they are.
pub const RAW: Switch = Switch {
    name: "raw",
    label: "Prompts as they are",
    help: "Feed prompts as they are, without the chat template",
    get: |order| order.raw,
    set: |order, on| order.raw = on,
};

/// Train a whole model.
pub const FULL: Switch = Switch {
    name: "full",
    label: "Train all weights",
    help: "Train all weights and write a whole model instead of an adapter",
    get: |order| order.full,
    set: |order, on| order.full = on,
};

/// Stop at the first bad line.
pub const STRICT: Switch = Switch {
    name: "strict",
    label: "Stop at bad lines",
    help: "Stop at the first bad line",
    get: |order| order.strict,
    set: |order, on| order.strict = on,
};

/// All switches.
pub const SWITCHES: &[Switch] = &[RAW, FULL, STRICT];

/// The products that an adapter changes where nothing is said.
pub const USUAL_TARGETS: &str = "q_proj,k_proj,v_proj";

/// Products that the adapter changes.
pub const TARGETS_HELP: &str = "Products that the adapter changes: any of `q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj`";

/// Which judgement counts.
pub const LABEL_HELP: &str = "Which judgement to follow where the data hold two";

/// The base model.
pub const BASE_HELP: &str =
    "The base model: a folder, hub:OWNER/NAME from the local cache, or demo";

/// The file of pairs.
pub const DATA_HELP: &str =
    "Preference pairs: JSON or JSON Lines, plain or .gz; - is standard input";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(
        clippy::float_cmp,
        reason = "what is put in comes back to the last bit"
    )]
    fn what_is_put_into_an_order_comes_back_and_stays_in_its_range() {
        for number in NUMBERS {
            let mut order = ArmOrder::default();
            let usual = number.of(&order);
            let (least, most) = number.range;
            assert!((least..=most).contains(&usual), "{}", number.name);
            number.put(&mut order, f64::NAN);
            assert_eq!(number.of(&order), usual, "{}", number.name);
            for value in [least, most] {
                number.put(&mut order, value);
                assert_eq!(number.of(&order), value, "{}", number.name);
            }
            number.put(&mut order, -1.0);
            assert_eq!(number.of(&order), least, "{}", number.name);
        }
        for switch in SWITCHES {
            let mut order = ArmOrder::default();
            switch.put(&mut order, true);
            assert!(switch.of(&order), "{}", switch.name);
        }
    }
}
