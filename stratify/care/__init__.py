"""From what is known of a person to the offers that suit: facts, rules and answers, each with its reasons."""
