"""What serves risks never loads what evaluates them."""

import subprocess
import sys


def test_scoring_and_the_service_do_not_load_the_evaluation():
    code = "import sys, models, models.scoring, models.bundle, service; print('models.evaluation' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
