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
    assert!(!config.tied && !config.qkv_bias && !config.qk_norm);
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
    ];
    for file in files {
        let mut config = read(&llama(&file)).unwrap();
        config.dtype = Some("float32".to_owned());
        assert_eq!(read(&config.to_json()).unwrap(), config);
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
    ];
    for (extra, expected) in cases {
        let error = read(&llama(&extra)).unwrap_err().to_string();
        assert!(
            error.contains(expected),
            "{error}\n  should say: {expected}"
        );
    }
}
