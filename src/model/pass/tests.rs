//! Tests of the passes: ragged rows, caches, adapters.

use candle_core::DType;

use super::*;
use crate::model::config::{Activation, Norms, QkNorm, Scales};
use crate::model::decoder::Projection;
use crate::model::kernels::Format;
use crate::model::lora::Lora;
use crate::model::rope::RopeScaling;
use crate::model::{Config, tiny};

mod together;

use together::bits;

/// Every token's logits of one text from an empty cache.
fn whole(decoder: &Decoder, tokens: &[TokenId]) -> Vec<Vec<f32>> {
    let mut cache = decoder.cache().unwrap();
    read(decoder, None, &mut cache, tokens)
}

fn read(
    decoder: &Decoder,
    adapters: Option<(&AdapterStack, usize)>,
    cache: &mut KvCache,
    tokens: &[TokenId],
) -> Vec<Vec<f32>> {
    let mut rows = Vec::new();
    let mut segments = [Segment {
        cache,
        adapter: adapters.map(|(_, index)| index),
        tokens,
        wanted: Wanted::All,
    }];
    decoder
        .forward(
            adapters.map(|(stack, _)| stack),
            &mut segments,
            &CancelToken::default(),
            &mut |_, _, row| {
                rows.push(row.to_vec());
                Ok(())
            },
        )
        .unwrap();
    rows
}

fn text(len: usize, seed: u32) -> Vec<TokenId> {
    (0..len as u32)
        .map(|i| (i * 7 + i * i * seed + seed) % 64)
        .collect()
}

fn assert_close(a: &[Vec<f32>], b: &[Vec<f32>]) {
    assert_eq!(a.len(), b.len());
    for (position, (a, b)) in a.iter().zip(b).enumerate() {
        let worst = a
            .iter()
            .zip(b)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        assert!(worst <= 1e-4, "position {position}: differs by {worst}");
    }
}

/// One configuration per family and option.
fn configs() -> Vec<Config> {
    let plain = tiny::config();
    let mut windowed = plain.clone();
    windowed.windows = vec![Some(5), Some(5)];
    let mut qwen2 = plain.clone();
    qwen2.qkv_bias = true;
    qwen2.windows = vec![None, Some(4)];
    qwen2.tied = false;
    let mut qwen3 = plain.clone();
    qwen3.qk_norm = QkNorm::Heads;
    qwen3.head_dim = 8;
    let mut biased = plain.clone();
    (biased.qkv_bias, biased.o_bias, biased.mlp_bias) = (true, true, true);
    biased.kv_heads = 1;
    let mut scaled = plain.clone();
    scaled.kv_heads = 4;
    scaled.rope.scaling = RopeScaling::Linear { factor: 4.0 };
    let mut gemma = windowed.clone();
    (gemma.activation, gemma.norms) = (Activation::GeluTanh, Norms::Both);
    (gemma.norm_shift, gemma.qk_norm) = (true, QkNorm::Heads);
    (gemma.attention_cap, gemma.logit_cap) = (Some(2.0), Some(3.0));
    gemma.scales.embedding = 4.0;
    gemma.scales.attention = Some(0.3);
    gemma.windows = vec![Some(5), None];
    gemma.local_rope = Some(gemma.rope.clone());
    gemma.rope.theta = 100.0;
    let mut olmo = plain.clone();
    (olmo.norms, olmo.qk_norm) = (Norms::After, QkNorm::Whole);
    let mut granite = plain.clone();
    granite.scales = Scales {
        embedding: 3.0,
        attention: Some(0.4),
        residual: 0.6,
        logits: 0.5,
    };
    granite.no_rope = vec![1];
    vec![
        plain,
        windowed,
        qwen2,
        qwen3,
        biased,
        scaled,
        gemma,
        olmo,
        granite,
        phi(30),
    ]
}

/// One matrix for q, k and v, half of each head turned, and other positions behind so many tokens.
fn phi(original_context: usize) -> Config {
    let mut phi = tiny::config();
    phi.fused = true;
    phi.head_dim = 8;
    phi.rope.share = 0.5;
    phi.rope.scaling = RopeScaling::Long {
        short: vec![1.0, 1.5],
        long: vec![3.0, 2.0],
        original_context,
        amplitude: 1.2,
    };
    phi
}

#[test]
fn reading_token_by_token_equals_reading_at_once() {
    for config in configs() {
        let decoder = tiny::decoder(config, 1).unwrap();
        let tokens = text(40, 3);
        let mut cache = decoder.cache().unwrap();
        let steps: Vec<_> = tokens
            .iter()
            .flat_map(|token| read(&decoder, None, &mut cache, &[*token]))
            .collect();
        assert_eq!(bits(&steps), bits(&whole(&decoder, &tokens)));
    }
}

/// Every token's logits of one text from an empty cache, by tensor operations.
fn by_tensors(decoder: &Decoder, stack: &AdapterStack, tokens: &[TokenId]) -> Vec<Vec<f32>> {
    let mut cache = KvCache::of_tensors(&decoder.config, DType::F32, decoder.device()).unwrap();
    cache.reserve(tokens.len()).unwrap();
    let mut segments = [Segment {
        cache: &mut cache,
        adapter: Some(0),
        tokens,
        wanted: Wanted::All,
    }];
    let mut rows = Vec::new();
    let pieces = next_pieces(&segments, &[0]);
    let sink: &mut RowSink<'_> = &mut |_, _, row| {
        rows.push(row.to_vec());
        Ok(())
    };
    tensors::pass(decoder, Some(stack), &mut segments, &pieces, sink).unwrap();
    rows
}

#[test]
fn kernels_and_tensor_operations_agree() {
    for config in configs() {
        let decoder = tiny::decoder(config, 6).unwrap();
        let adapter = tiny::adapter(&decoder.config, &Projection::ALL, 4, 8).unwrap();
        let stack = AdapterStack::new(vec![adapter]).unwrap();
        let tokens = text(70, 3);
        let mut cache = decoder.cache().unwrap();
        let kernels = read(&decoder, Some((&stack, 0)), &mut cache, &tokens);
        let tensors = by_tensors(&decoder, &stack, &tokens);
        // It is not for the passes to tell short texts from long ones.
        let same = decoder.config.rope.switches_behind().unwrap_or(70);
        assert_close(&kernels[..same], &tensors[..same]);
    }
}

#[test]
fn a_row_of_a_long_text_is_read_under_the_positions_of_long_texts_from_its_first_token_on() {
    let decoder = tiny::decoder(phi(30), 4).unwrap();
    let mut only_long = decoder.clone();
    if let RopeScaling::Long { short, long, .. } = &mut only_long.config.rope.scaling {
        short.clone_from(long);
    }
    let mut only_short = decoder.clone();
    if let RopeScaling::Long { short, long, .. } = &mut only_short.config.rope.scaling {
        long.clone_from(short);
    }
    let tokens = text(50, 3);
    let mut cache = decoder.cache().unwrap();
    let rows = read(&decoder, None, &mut cache, &tokens);
    assert_eq!(bits(&rows[..30]), bits(&whole(&only_short, &tokens)[..30]));
    assert_eq!(bits(&rows[30..]), bits(&whole(&only_long, &tokens)[30..]));
    assert!(rows[29] != whole(&only_long, &tokens)[29]);
    // Back among the short ones, and on another way.
    cache.truncate(20);
    let mut fork = cache.fork_at(10).unwrap();
    let again = read(&decoder, None, &mut cache, &tokens[20..25]);
    assert_eq!(bits(&again), bits(&rows[20..25]));
    let again = read(&decoder, None, &mut fork, &tokens[10..]);
    assert_eq!(bits(&again), bits(&rows[10..]));
    // Where only the last row is wanted, the text is read once.
    let mut last = Vec::new();
    let mut cache = decoder.cache().unwrap();
    let mut segments = [Segment {
        cache: &mut cache,
        adapter: None,
        tokens: &tokens,
        wanted: Wanted::Last,
    }];
    let sink: &mut RowSink<'_> = &mut |_, token, row| {
        last.push((token, row.to_vec()));
        Ok(())
    };
    let never = CancelToken::default();
    decoder.forward(None, &mut segments, &never, sink).unwrap();
    assert_eq!(last.len(), 1);
    assert_eq!((last[0].0, &last[0].1), (49, &rows[49]));
}

#[test]
fn a_text_that_could_not_be_read_again_is_as_before() {
    let decoder = tiny::decoder(phi(30), 4).unwrap();
    let tokens = text(50, 3);
    let rows = whole(&decoder, &tokens);
    let mut cache = decoder.cache().unwrap();
    read(&decoder, None, &mut cache, &tokens[..28]);
    let cancelled = CancelToken::default();
    cancelled.cancel();
    let mut segments = [Segment {
        cache: &mut cache,
        adapter: None,
        tokens: &tokens[28..40],
        wanted: Wanted::All,
    }];
    let sink: &mut RowSink<'_> = &mut |_, _, _| Ok(());
    let result = decoder.forward(None, &mut segments, &cancelled, sink);
    assert!(matches!(result, Err(ModelError::Cancelled)));
    cache.truncate(28);
    let rest = read(&decoder, None, &mut cache, &tokens[28..]);
    assert_eq!(bits(&rest), bits(&rows[28..]));
}

#[test]
fn a_long_prompt_read_in_chunks_equals_one_read_by_halves() {
    let decoder = tiny::decoder(tiny::config(), 1).unwrap();
    let tokens = text(2 * CHUNK_ROWS + 9, 5);
    let mut cache = decoder.cache().unwrap();
    let mut halves = read(&decoder, None, &mut cache, &tokens[..100]);
    halves.extend(read(&decoder, None, &mut cache, &tokens[100..300]));
    halves.extend(read(&decoder, None, &mut cache, &tokens[300..]));
    assert_eq!(bits(&halves), bits(&whole(&decoder, &tokens)));
}

#[test]
fn a_window_hides_what_lies_before_it() {
    let mut config = tiny::config();
    config.windows = vec![Some(3); 2];
    let decoder = tiny::decoder(config, 4).unwrap();
    // Two layers of 3 tokens reach back 4 tokens: a change before that is not seen, one inside is.
    let mut tokens = text(12, 3);
    let before = whole(&decoder, &tokens);
    tokens[7] = (tokens[7] + 1) % 64;
    let after = whole(&decoder, &tokens);
    assert_close(&before[..7], &after[..7]);
    assert!(before[11] != after[11], "4 tokens back is in reach");
    let mut far = text(12, 3);
    far[6] = (far[6] + 1) % 64;
    assert_close(&before[11..], &whole(&decoder, &far)[11..]);
}

#[test]
fn a_fork_shares_no_memory_with_its_origin() {
    let decoder = tiny::decoder(tiny::config(), 2).unwrap();
    let (start, a, b) = (text(10, 3), text(8, 5), text(8, 9));
    let mut origin = decoder.cache().unwrap();
    read(&decoder, None, &mut origin, &start);
    let mut fork = origin.fork().unwrap();
    // Interleaved writes: with shared memory each would overwrite the other's keys.
    let mut rows = (Vec::new(), Vec::new());
    for (a, b) in a.iter().zip(&b) {
        rows.0.extend(read(&decoder, None, &mut origin, &[*a]));
        rows.1.extend(read(&decoder, None, &mut fork, &[*b]));
    }
    assert_close(
        &rows.0,
        &whole(&decoder, &[start.clone(), a].concat())[10..],
    );
    assert_close(&rows.1, &whole(&decoder, &[start, b].concat())[10..]);
}

#[test]
fn reading_again_after_truncate_gives_the_same_rows() {
    let decoder = tiny::decoder(tiny::config(), 2).unwrap();
    let tokens = text(90, 3);
    let mut cache = decoder.cache().unwrap();
    let first = read(&decoder, None, &mut cache, &tokens);
    cache.truncate(20);
    read(&decoder, None, &mut cache, &text(30, 11));
    cache.truncate(20);
    assert_close(
        &first[20..],
        &read(&decoder, None, &mut cache, &tokens[20..]),
    );
}

#[test]
fn a_packed_decoder_says_the_same_in_one_pass_and_step_by_step_and_nearly_what_it_was_made_of() {
    let mut config = tiny::config();
    (
        config.hidden_size,
        config.head_dim,
        config.intermediate_size,
    ) = (256, 64, 512);
    let decoder = tiny::decoder(config, 3).unwrap();
    let tokens = text(30, 3);
    for (format, most) in [(Format::Q8_0, 0.1), (Format::Q4K, 1.5)] {
        let packed = decoder.packed(format).unwrap();
        let at_once = whole(&packed, &tokens);
        let mut cache = packed.cache().unwrap();
        for (index, token) in tokens.iter().enumerate() {
            let step = read(&packed, None, &mut cache, &[*token]);
            assert_eq!(bits(&step), bits(&at_once[index..=index]));
            let dense = &whole(&decoder, &tokens[..=index])[index];
            let pairs = step[0].iter().zip(dense);
            let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < most, "{format:?}: {worst}");
        }
    }
}

#[test]
fn an_adapter_equals_its_weights_merged_into_the_trunk() {
    for config in configs() {
        let decoder = tiny::decoder(config, 3).unwrap();
        let adapter = tiny::adapter(&decoder.config, &Projection::ALL, 4, 8).unwrap();
        let merged = adapter.merged_into(&decoder).unwrap();
        let stack = AdapterStack::new(vec![adapter]).unwrap();
        let mut cache = decoder.cache().unwrap();
        let tokens = text(20, 3);
        let adapted = read(&decoder, Some((&stack, 0)), &mut cache, &tokens);
        assert_close(&adapted, &whole(&merged, &tokens));
        assert!(adapted != whole(&decoder, &tokens));
    }
}

#[test]
fn only_the_last_row_comes_out_where_only_it_is_wanted() {
    let decoder = tiny::decoder(tiny::config(), 1).unwrap();
    let tokens = text(CHUNK_ROWS + 4, 3);
    let mut cache = decoder.cache().unwrap();
    let mut rows = Vec::new();
    decoder
        .forward(
            None,
            &mut [Segment {
                cache: &mut cache,
                adapter: None,
                tokens: &tokens,
                wanted: Wanted::Last,
            }],
            &CancelToken::default(),
            &mut |_, token, row| {
                rows.push((token, row.to_vec()));
                Ok(())
            },
        )
        .unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].0, tokens.len() - 1);
    assert_close(
        &[rows.remove(0).1],
        &whole(&decoder, &tokens)[tokens.len() - 1..],
    );
}

#[test]
fn a_cancelled_pass_and_a_foreign_id_are_errors() {
    let decoder = tiny::decoder(tiny::config(), 1).unwrap();
    let run = |tokens: &[TokenId], cancel: &CancelToken| {
        let mut cache = decoder.cache().unwrap();
        let mut segments = [Segment {
            cache: &mut cache,
            adapter: None,
            tokens,
            wanted: Wanted::All,
        }];
        decoder.forward(None, &mut segments, cancel, &mut |_, _, _| Ok(()))
    };
    let cancelled = CancelToken::default();
    cancelled.cancel();
    assert!(matches!(run(&[1], &cancelled), Err(ModelError::Cancelled)));
    let foreign = run(&[64], &CancelToken::default()).unwrap_err();
    assert_eq!(
        foreign.to_string(),
        "token 64 lies outside the model's vocabulary of 64"
    );
}
