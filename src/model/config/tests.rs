use serde_json::json;

use super::*;

fn llama(extra: &Value) -> Value {
    let mut file = json!({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 320,
        "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 3,
        "num_attention_heads": 4, "max_position_embeddings": 512,
    });
    for (name, value) in extra.as_object().unwrap() {
        file[name] = value.clone();
    }
    file
}

fn read(file: &Value) -> Result<Config, ModelError> {
    Config::from_json(file.to_string().as_bytes())
}

#[test]
fn fields_that_are_left_out_have_the_defaults_of_transformers() {
    let config = read(&llama(&json!({}))).unwrap();
    assert_eq!((config.kv_heads, config.head_dim), (4, 16));
    assert!((config.norm_eps - 1e-6).abs() < 1e-12);
    assert!((config.rope.theta - 10_000.0).abs() < 1e-9);
    assert!(!config.tied && !config.qkv_bias && config.qk_norm == QkNorm::None);
    assert!(config.is_plain());
    let mistral = json!({"architectures": ["MistralForCausalLM"], "num_key_value_heads": 2});
    let mistral = read(&llama(&mistral)).unwrap();
    assert_eq!(mistral.windows, vec![Some(4096); 3]);
    let off = json!({"architectures": ["MistralForCausalLM"], "num_key_value_heads": 2, "sliding_window": null});
    assert_eq!(read(&llama(&off)).unwrap().windows, vec![None; 3]);
    let qwen2 = read(&llama(
        &json!({"architectures": ["Qwen2ForCausalLM"], "num_key_value_heads": 2}),
    ))
    .unwrap();
    assert!(qwen2.qkv_bias && !qwen2.o_bias);
    assert_eq!(qwen2.windows, vec![None; 3]);
}

#[test]
fn old_and_new_files_say_the_same() {
    let scaling = json!({
        "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 128,
    });
    let mut old = scaling.clone();
    old["rope_type"] = json!("llama3");
    let mut new = old.clone();
    new["rope_theta"] = json!(500_000.0);
    let old = json!({"rope_theta": 500_000.0, "rope_scaling": old, "torch_dtype": "bfloat16"});
    let new = json!({"rope_parameters": new, "dtype": "bfloat16"});
    assert_eq!(read(&llama(&old)).unwrap(), read(&llama(&new)).unwrap());
    let linear = json!({"rope_scaling": {"type": "linear", "factor": 2.0}});
    let config = read(&llama(&linear)).unwrap();
    assert_eq!(config.rope.scaling, RopeScaling::Linear { factor: 2.0 });
}

#[test]
fn windows_start_at_the_layer_that_the_file_names() {
    let qwen = json!({
        "architectures": ["Qwen2ForCausalLM"], "num_key_value_heads": 2,
        "use_sliding_window": true, "sliding_window": 32, "max_window_layers": 2,
    });
    let config = read(&llama(&qwen)).unwrap();
    assert_eq!(config.windows, [None, None, Some(32)]);
    let mut typed = qwen;
    typed["layer_types"] = json!(["sliding_attention", "full_attention", "full_attention"]);
    let config = read(&llama(&typed)).unwrap();
    assert_eq!(config.windows, [Some(32), None, None]);
}

#[test]
fn what_is_written_is_read_back_the_same() {
    let scaling = json!({"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
        "high_freq_factor": 4.0, "original_max_position_embeddings": 128});
    let files = [
        json!({"attention_bias": true, "mlp_bias": true, "rope_scaling": scaling, "eos_token_id": [2, 7]}),
        json!({"architectures": ["MistralForCausalLM"], "sliding_window": 24, "num_key_value_heads": 2}),
        json!({"architectures": ["Qwen2ForCausalLM"], "num_key_value_heads": 2,
            "use_sliding_window": true, "sliding_window": 24, "max_window_layers": 1}),
        json!({"architectures": ["Qwen3ForCausalLM"], "num_key_value_heads": 2, "bos_token_id": 1,
            "tie_word_embeddings": true}),
        json!({"architectures": ["GemmaForCausalLM"], "num_key_value_heads": 2, "hidden_act": "gelu"}),
        json!({"architectures": ["Gemma2ForCausalLM"], "query_pre_attn_scalar": 64, "sliding_window": 24,
            "hidden_act": null}),
        json!({"architectures": ["Gemma3ForCausalLM"], "sliding_window": 24, "sliding_window_pattern": 2,
            "rope_scaling": {"rope_type": "linear", "factor": 8.0}, "hidden_act": null}),
        json!({"architectures": ["Phi3ForCausalLM"], "partial_rotary_factor": 0.75, "rope_scaling": {
            "type": "longrope", "short_factor": [1, 2, 3, 4, 5, 6], "long_factor": [2, 4, 6, 8, 10, 12]},
            "original_max_position_embeddings": 64}),
        json!({"architectures": ["SmolLM3ForCausalLM"], "no_rope_layers": [1, 0, 1]}),
        json!({"architectures": ["Olmo2ForCausalLM"], "attention_bias": true}),
        json!({"architectures": ["GraniteForCausalLM"], "embedding_multiplier": 12, "logits_scaling": 8,
            "attention_multiplier": 0.125, "residual_multiplier": 0.5}),
    ];
    for file in files {
        let mut config = read(&llama(&file)).unwrap();
        config.dtype = Some("float32".to_owned());
        assert_eq!(read(&config.to_json()).unwrap(), config);
    }
}

#[test]
fn relatives_of_llama_have_what_sets_them_apart() {
    let named = |architecture: &str, extra: &Value| {
        let mut file = llama(&json!({"architectures": [architecture], "hidden_act": null}));
        for (name, value) in extra.as_object().unwrap() {
            file[name] = value.clone();
        }
        let config = read(&file).unwrap();
        assert!(!config.is_plain(), "{architecture}");
        config
    };
    let gemma = named("GemmaForCausalLM", &json!({"num_attention_heads": 16}));
    assert_eq!((gemma.head_dim, gemma.kv_heads), (256, 16));
    assert!(gemma.tied && gemma.norm_shift && gemma.logit_cap.is_none());
    assert!((gemma.scales.embedding - 8.0).abs() < 1e-12);
    assert!((gemma.attention_scale() - 1.0 / 16.0).abs() < 1e-12);

    let scalar = json!({"query_pre_attn_scalar": 4, "num_hidden_layers": 4});
    let gemma2 = named("Gemma2ForCausalLM", &scalar);
    let window = Some(4096);
    assert_eq!(gemma2.windows, [window, None, window, None]);
    assert_eq!(gemma2.norms, Norms::Both);
    assert!(gemma2.attention_cap == Some(50.0) && gemma2.logit_cap == Some(30.0));
    assert!((gemma2.attention_scale() - 0.5).abs() < 1e-12);
    let uncapped = json!({"attn_logit_softcapping": null, "final_logit_softcapping": null});
    let gemma2 = named("Gemma2ForCausalLM", &uncapped);
    assert!(gemma2.attention_cap.is_none() && gemma2.logit_cap.is_none());

    let seven = json!({"num_hidden_layers": 7});
    let gemma3 = named("Gemma3ForCausalLM", &seven);
    let ropes: Vec<_> = (0..7).map(|layer| gemma3.rope_of(layer)).collect();
    assert_eq!(ropes, [1, 1, 1, 1, 1, 0, 1].map(Some));
    let thetas: Vec<f64> = gemma3.ropes().map(|rope| rope.theta).collect();
    assert!((thetas[0] - 1e6).abs() < 1e-6 && (thetas[1] - 1e4).abs() < 1e-6);

    let phi = named("Phi3ForCausalLM", &json!({"sliding_window": 2047}));
    assert!(phi.fused && phi.windows == vec![Some(2047); 3]);

    let smol = named(
        "SmolLM3ForCausalLM",
        &json!({"num_hidden_layers": 8, "use_sliding_window": true, "sliding_window": 9}),
    );
    assert_eq!(smol.no_rope, [3, 7]);
    assert_eq!((smol.windows[2], smol.windows[3]), (None, Some(9)));
    assert!((smol.rope.theta - 2e6).abs() < 1e-6 && smol.tied);

    let olmo = named("Olmo2ForCausalLM", &json!({}));
    assert_eq!((olmo.norms, olmo.qk_norm), (Norms::After, QkNorm::Whole));
    // No multipliers in the file are multipliers of 1, unlike in Llama.
    let granite = named("GraniteForCausalLM", &json!({}));
    assert_eq!(granite.scales.attention, Some(1.0));
}

#[test]
fn the_text_part_of_a_model_that_sees_is_read_with_what_stands_beside_it() {
    let file = json!({
        "architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3",
        "eos_token_id": [1, 106], "vision_config": {"hidden_size": 1152},
        "text_config": {
            "model_type": "gemma3_text", "hidden_size": 2560, "intermediate_size": 10240,
            "num_hidden_layers": 34, "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
            "sliding_window": 1024, "eos_token_id": null,
        },
    });
    let config = read(&file).unwrap();
    assert_eq!((config.family, config.hidden_size), (Family::Gemma3, 2560));
    assert_eq!(
        (config.heads, config.kv_heads, config.head_dim),
        (8, 4, 256)
    );
    assert_eq!((config.vocab_size, config.eos), (262_208, vec![1, 106]));
    assert_eq!(config.rope.scaling, RopeScaling::Linear { factor: 8.0 });
    assert_eq!(config.local_rope.unwrap().scaling, RopeScaling::None);
}

#[test]
fn rotary_positions_by_kinds_of_layers_are_those_of_earlier_files() {
    let common =
        json!({"architectures": ["Gemma3ForCausalLM"], "sliding_window": 24, "hidden_act": null});
    let mut old = common.clone();
    old["rope_theta"] = json!(2e6);
    old["rope_scaling"] = json!({"rope_type": "linear", "factor": 8.0});
    old["rope_local_base_freq"] = json!(5000.0);
    let mut new = common;
    new["rope_parameters"] = json!({
        "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 2e6},
        "sliding_attention": {"rope_type": "default", "rope_theta": 5000.0},
    });
    assert_eq!(read(&llama(&old)).unwrap(), read(&llama(&new)).unwrap());
}

#[test]
fn every_family_is_named_among_the_supported() {
    for family in Family::ALL {
        assert!(SUPPORTED.contains(family.name()), "{}", family.name());
    }
}

#[test]
fn files_that_cannot_be_computed_are_refused_with_the_reason() {
    let cases = [
        (
            json!({"architectures": ["GPT2LMHeadModel"]}),
            "the architecture GPT2LMHeadModel",
        ),
        (json!({"hidden_act": "gelu"}), "the activation gelu"),
        (
            json!({"rope_scaling": {"rope_type": "yarn", "factor": 2.0}}),
            "the rotary scaling yarn",
        ),
        (
            json!({"rope_scaling": {"rope_type": "linear"}}),
            "without a factor",
        ),
        (json!({"quantization_config": {"bits": 4}}), "quantized"),
        (
            json!({"num_key_value_heads": 3}),
            "4 attention heads, which 3",
        ),
        (
            json!({"hidden_size": "big"}),
            "hidden_size = \"big\" where a whole number belongs",
        ),
        (json!({"vocab_size": 0}), "vocab_size = 0, which cannot be"),
        (
            json!({"num_hidden_layers": 1_000_000_000_000_u64}),
            "which cannot be",
        ),
        (json!({"head_dim": 15}), "an odd head_dim"),
        (
            json!({"partial_rotary_factor": 0.5}),
            "only part of each head",
        ),
        (
            json!({"architectures": ["Phi3ForCausalLM"], "rope_scaling": {
                "type": "longrope", "short_factor": [1.0], "long_factor": [1.0]}}),
            "a short_factor that is not 8 numbers",
        ),
        (
            json!({"architectures": ["Phi3ForCausalLM"], "partial_rotary_factor": 1.5}),
            "partial_rotary_factor of 1.5",
        ),
        (
            json!({"architectures": ["Gemma3ForCausalLM"], "hidden_act": null,
                "use_bidirectional_attention": true}),
            "use_bidirectional_attention",
        ),
        (
            json!({"architectures": ["GraniteForCausalLM"], "logits_scaling": 0}),
            "a multiplier that is not a number",
        ),
        (
            json!({"architectures": ["Gemma2ForCausalLM"], "hidden_act": null,
                "final_logit_softcapping": 0}),
            "final_logit_softcapping that is not a number above 0",
        ),
    ];
    for (extra, expected) in cases {
        let error = read(&llama(&extra)).unwrap_err().to_string();
        assert!(
            error.contains(expected),
            "{error}\n  should say: {expected}"
        );
    }
}
