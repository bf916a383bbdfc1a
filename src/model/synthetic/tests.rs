use super::*;
use crate::domain::Prompt;
use crate::engine::scorer::{Parts, Scorer};

fn spec(quant: Quant) -> Spec {
    Spec {
        shape: Shape::Tiny,
        quant,
        adapters: 2,
        rank: 4,
        whole: 1,
    }
}

fn make(spec: Spec) -> Result<Models, ModelError> {
    let (settings, never) = (ComputeSettings::default(), CancelToken::default());
    Models::make(spec, &settings, &mut |_| {}, &never)
}

#[test]
fn the_bytes_that_are_counted_beforehand_are_those_that_are_taken() {
    for quant in Quant::ALL {
        let spec = spec(quant);
        let counted: u64 = spec.weight_bytes().iter().map(|(_, bytes)| bytes).sum();
        assert_eq!(make(spec).unwrap().weight_bytes().unwrap(), counted);
        assert!(spec.bytes_needed(4, 100) > counted);
    }
}

#[test]
fn matrices_that_are_no_whole_blocks_of_4_bits_are_kept_in_8() {
    let kept = |shape| {
        let spec = Spec {
            shape,
            ..spec(Quant::Q4K)
        };
        let bytes = spec.weight_bytes();
        bytes.iter().map(|(quant, _)| *quant).collect::<Vec<_>>()
    };
    assert_eq!(kept(Shape::M135), [Quant::Q8_0, Quant::Q4K]);
    assert_eq!(kept(Shape::B1), [Quant::Q4K]);
    assert_eq!(kept(Shape::B7), [Quant::Q4K]);
}

#[test]
fn the_shapes_have_the_parameters_of_the_models_that_they_are_named_after() {
    let millions = Shape::ALL.map(|shape| shape.config().parameters() / 1_000_000);
    assert_eq!(millions, [1, 134, 1100, 6738]);
}

#[test]
fn objectives_differ_from_the_base_and_leave_its_row_as_it_is() {
    let models = make(spec(Quant::Q8_0)).unwrap();
    let never = CancelToken::default();
    let prompt = Prompt::of("w1 w2 w3");
    let (_, alone) = models
        .scorer(false)
        .unwrap()
        .open(&prompt, Parts::All, &never)
        .unwrap();
    let mut scorer = models.scorer(true).unwrap();
    assert_eq!(
        scorer.objectives(),
        ["adapter 1", "adapter 2", "model 1"].map(String::from)
    );
    let (_, scores) = scorer.open(&prompt, Parts::All, &never).unwrap();
    assert!(alone.rewards.is_empty());
    assert_eq!(scores.base, alone.base);
    assert_eq!(scores.rewards.len(), 3);
    for (index, reward) in scores.rewards.iter().enumerate() {
        assert_ne!(*reward, scores.base);
        assert!(!scores.rewards[..index].contains(reward));
    }
}

#[test]
fn making_stops_when_a_person_says_so() {
    let stopped = CancelToken::default();
    stopped.cancel();
    let outcome = Models::make(
        spec(Quant::F32),
        &ComputeSettings::default(),
        &mut |_| {},
        &stopped,
    );
    assert!(matches!(outcome, Err(ModelError::Cancelled)));
}
