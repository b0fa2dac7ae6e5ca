"The learner's copies of chapters 6 to 11, solved in unusual ways, run to their end; a file of its own, so that another process takes them"
import pytest
from test_copies import COPIES, test_a_copy_with_unusual_right_answers_runs_to_its_end as runs_to_its_end

@pytest.mark.parametrize("path", COPIES[6:], ids=lambda p: p.stem)
def test_a_copy_with_unusual_right_answers_runs_to_its_end(path): runs_to_its_end(path)
