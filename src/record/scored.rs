//! Answers of a file with their scores, as a table or as a document.

use serde_json::{Value, json};

use super::json;
use super::table::csv_line;
use crate::domain::{LineupInfo, ObjectiveWeights};
use crate::engine::sums::TextSums;

/// One answer with its sums, or why it has none.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredAnswer {
    /// Where it begins in its file, from 1.
    pub line: usize,
    /// What was asked.
    pub prompt: String,
    /// What was answered.
    pub response: String,
    /// Its sums, or why it could not be scored, in a sentence.
    pub sums: Result<TextSums, String>,
}

/// The answers of a file, as far as they are scored.
#[derive(Debug, Clone)]
pub struct ScoredFile<'a> {
    /// What scored them.
    pub info: &'a LineupInfo,
    /// The weights behind `guided`.
    pub weights: &'a ObjectiveWeights,
    /// The answers, in the order of the file.
    pub rows: &'a [ScoredAnswer],
    /// Whether all answers of the file are there.
    pub complete: bool,
}

impl ScoredFile<'_> {
    /// One line per answer, RFC 4180: sums over its tokens and means per token, nats.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut head: Vec<String> = ["line", "prompt", "response", "tokens", "base", "guided"]
            .map(str::to_owned)
            .to_vec();
        for objective in &self.info.objectives {
            let name = &objective.name;
            for what in ["reward", "mean reward", "advantage", "mean advantage"] {
                head.push(format!("{what} {name}"));
            }
        }
        head.push("error".to_owned());
        let mut out = String::new();
        csv_line(&mut out, &head);
        for row in self.rows {
            csv_line(&mut out, self.cells(row, head.len()));
        }
        out
    }

    fn cells(&self, row: &ScoredAnswer, columns: usize) -> Vec<String> {
        let mut cells = vec![
            row.line.to_string(),
            row.prompt.clone(),
            row.response.clone(),
        ];
        match &row.sums {
            Ok(sums) => {
                cells.push(sums.tokens.to_string());
                cells.extend([sums.base, sums.guided].map(|sum| sum.to_string()));
                for index in 0..self.info.objectives.len() {
                    let both = sums.objectives.get(index).zip(sums.mean(index));
                    let numbers = both.map(|(sum, mean)| {
                        [sum.reward, mean.reward, sum.advantage, mean.advantage]
                    });
                    cells.extend(numbers.map_or_else(Default::default, |numbers| {
                        numbers.map(|number| number.to_string())
                    }));
                }
                cells.push(String::new());
            }
            Err(reason) => {
                cells.resize(columns - 1, String::new());
                cells.push(reason.clone());
            }
        }
        cells
    }

    /// The `scores/1` document: its totals are those of `score/1`.
    #[must_use]
    pub fn json(&self) -> Value {
        let info = self.info;
        let row = |row: &ScoredAnswer| {
            let mut value = json!({
                "line": row.line,
                "prompt": row.prompt,
                "response": row.response,
            });
            match &row.sums {
                Ok(sums) => {
                    let means = (0..info.objectives.len()).map(|index| {
                        sums.mean(index).map_or(
                            Value::Null,
                            |mean| json!({"reward": mean.reward, "advantage": mean.advantage}),
                        )
                    });
                    value["tokens"] = json!(sums.tokens);
                    value["totals"] = json::totals(info, sums);
                    value["means"] = json::named(&info.objectives, means);
                }
                Err(reason) => value["error"] = json!(reason),
            }
            value
        };
        json!({
            "schema": "counterpoise.scores/1",
            "lineup": info.name,
            "weights": json::weights(info, self.weights),
            "complete": self.complete,
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Objective, RewardKind};
    use crate::engine::insight::ObjectiveInsight;

    fn info() -> LineupInfo {
        LineupInfo {
            name: "two".to_owned(),
            objectives: vec![Objective {
                name: "kind".to_owned(),
                kind: RewardKind::Adapter,
                weight: 1.0,
                about: String::new(),
                colour: None,
            }],
            ..LineupInfo::default()
        }
    }

    fn rows() -> [ScoredAnswer; 2] {
        let row = |line, response: &str, sums| ScoredAnswer {
            line,
            prompt: "Why?".to_owned(),
            response: response.to_owned(),
            sums,
        };
        let sums = TextSums {
            tokens: 4,
            base: -3.0,
            guided: -2.5,
            kl: 0.5,
            objectives: vec![ObjectiveInsight {
                reward: -6.0,
                advantage: 1.0,
            }],
        };
        [
            row(2, "Because, well", Ok(sums)),
            row(3, "", Err("There is no response to score".to_owned())),
        ]
    }

    #[test]
    fn a_table_by_hand() {
        let (info, weights) = (info(), [1.0].into());
        let file = ScoredFile {
            info: &info,
            weights: &weights,
            rows: &rows(),
            complete: true,
        };
        assert_eq!(
            file.csv(),
            "line,prompt,response,tokens,base,guided,reward kind,mean reward kind,advantage kind,mean advantage kind,error\r\n\
             2,Why?,\"Because, well\",4,-3,-2.5,-6,-1.5,1,0.25,\r\n\
             3,Why?,,,,,,,,,There is no response to score\r\n"
        );
        let json = file.json();
        assert_eq!(json["rows"][0]["means"]["kind"]["reward"], -1.5);
        assert_eq!(
            json["rows"][0]["totals"]["objectives"]["kind"]["advantage"],
            1.0
        );
        assert_eq!(json["rows"][1]["error"], "There is no response to score");
    }
}
