"""Training: what `fit` measures and when, how it stops, and what it refuses."""

import io
import math
import sys

import pytest

from microgradx import Value, nn
from microgradx.nn.progress import bar


def line_data():
    return [[-1.0], [0.0], [1.0], [2.0]], [-2.0, 1.0, 4.0, 7.0]  # y = 3x + 1


def fitted(epochs=3, lr=0.1, model=None, **options):
    model = model or nn.MLP(1, [1], init="zeros")
    options = {"loss": "mse", "optimizer": nn.SGD(lr=lr)} | options
    return model, nn.fit(model, *line_data(), epochs=epochs, **options)


def test_a_linear_unit_finds_the_line():
    model, history = fitted(epochs=200)
    assert [p.data for p in model.parameters()] == pytest.approx([3.0, 1.0], abs=1e-6)
    assert len(history.loss) == 200
    assert history.accuracy == []


def test_the_loss_of_an_epoch_is_from_before_its_update():
    _, history = fitted(epochs=1)
    assert history.loss == [(4.0 + 1.0 + 16.0 + 49.0) / 4.0]


def test_gradient_norms_are_those_of_the_layer_before_the_update():
    model, history = fitted(epochs=1, lr=1.0)
    assert history.gradient_norms == {"L0": [math.hypot(*(p.data for p in model.parameters()))]}


def test_a_loss_is_a_name_or_a_function_and_both_train_alike():
    assert fitted()[1].loss == fitted(loss=nn.mse)[1].loss


def test_an_optimizer_may_hold_the_parameters_already():
    model = nn.MLP(1, [1], init="zeros")
    assert fitted(model=model, optimizer=nn.SGD(model.parameters(), lr=0.1))[1].loss == fitted()[1].loss


def test_an_optimizer_given_some_parameters_moves_only_those():
    model = nn.MLP(1, [1], init="zeros")
    weight, bias = model.parameters()
    _, history = fitted(model=model, optimizer=nn.SGD([weight], lr=0.1))
    assert bias.data == 0.0
    assert weight.data != 0.0
    assert history.gradient_norms["L0"][0] == pytest.approx(2 * math.hypot(5.0, 2.5))


def test_an_optimizer_that_trained_another_model_is_bound_anew():
    optimizer = nn.SGD(lr=0.1)
    fitted(optimizer=optimizer)
    assert fitted(optimizer=optimizer)[1].loss == fitted()[1].loss


def test_a_schedule_sets_the_rate_of_each_epoch():
    _, history = fitted(schedule=nn.schedules.exponential(0.1, 0.5))
    assert history.learning_rate == [0.1, 0.05, 0.025]


def test_clipping_limits_the_move_but_not_the_norm_that_is_noted():
    model, history = fitted(epochs=1, lr=1.0, clip=0.5)
    assert math.hypot(*(p.data for p in model.parameters())) == pytest.approx(0.5)
    assert history.gradient_norms["L0"][0] > 5.0


def test_minibatches_visit_every_row_and_repeat_with_their_seed():
    seen = []
    runs = []
    for seed in (0, 0, 1):
        rows = []

        def recording(outputs, targets, rows=rows):
            rows += targets
            return nn.mse(outputs, targets)

        runs.append(fitted(epochs=2, batch_size=3, seed=seed, loss=recording)[1].loss)
        seen.append(rows)
    assert sorted(seen[0]) == sorted(line_data()[1] * 2)
    assert runs[0] == runs[1]
    assert seen[0] == seen[1] != seen[2]


def test_a_callback_is_told_each_epoch_and_stops_by_true():
    told = []
    _, history = fitted(callbacks=[lambda epoch, model, history: told.append(epoch), lambda epoch, *_: epoch == 1])
    assert told == [0, 1]
    assert len(history.loss) == 2
    assert history.stopped == "stopped by a callback after epoch 1"


def test_control_c_returns_the_history_so_far():
    def interrupt(epoch, model, history):
        if epoch == 1:
            raise KeyboardInterrupt

    _, history = fitted(callbacks=[interrupt])
    assert len(history.loss) == 2
    assert history.stopped == "interrupted in epoch 1"
    assert "interrupted" in repr(history)


def test_accuracy_is_measured_for_classifying_losses_and_for_the_function_given():
    X, y = nn.data.xor()
    model = nn.MLP(2, [4, 1], rng=1)
    assert nn.fit(model, X, y, loss="binary_cross_entropy", optimizer=nn.SGD(), epochs=2).accuracy[0] in (
        0.25,
        0.5,
        0.75,
    )
    assert nn.fit(model, X, y, loss="mse", optimizer=nn.SGD(), epochs=2, accuracy=lambda outputs, y: 0.5).accuracy == [
        0.5,
        0.5,
    ]


def test_three_classes_are_learned_with_cross_entropy():
    X, y = nn.data.spirals(30, noise=0.0, classes=3, turns=0.2)
    model = nn.MLP(2, [8, 3], activation="tanh", rng=0)
    history = nn.fit(model, X, y, loss="cross_entropy", optimizer=nn.Adam(lr=0.1), epochs=40, batch_size=10)
    assert history.accuracy[-1] > 0.95


def test_training_repeats_to_the_last_bit():
    def run():
        model = nn.MLP(2, [4, 1], rng=3)
        history = nn.fit(
            model, *nn.data.moons(20), loss="binary_cross_entropy", optimizer=nn.Adam(), epochs=3, batch_size=8
        )
        return history.loss, [p.data for p in model.parameters()]

    assert run() == run()


def test_a_loss_that_is_not_finite_names_the_epoch_and_the_first_bad_value():
    model = nn.MLP(1, [1], init=[[[800.0]]])

    def bad(outputs, targets):
        from microgradx import exp

        return exp(outputs[2]) + exp(outputs[3])

    with pytest.raises(FloatingPointError, match=r"epoch 0 is inf: the first bad value is exp\(800\) = inf; lower"):
        fitted(model=model, loss=bad)
    assert model.parameters()[0].data == 800.0


def test_a_bad_minibatch_is_named_by_its_number():
    def third_is_bad(outputs, targets, calls=[]):  # noqa: B006  # counts the calls
        calls.append(1)
        return nn.mse(outputs, targets) * (math.inf if len(calls) == 3 else 1.0)

    with pytest.raises(
        FloatingPointError, match=r"the loss of epoch 0, batch 2 is (inf|nan): the first bad value is multiply"
    ):
        fitted(batch_size=1, loss=third_is_bad)


def test_a_slope_that_is_not_finite_names_the_weight_and_leaves_it():
    def steep(outputs, targets):
        from microgradx import sqrt

        return sqrt(outputs[2])

    model = nn.MLP(1, [1], init="zeros")
    with pytest.raises(FloatingPointError, match=r"is 0\.0, but its slope at layers\[0\]\.neurons\[0\]\.w\[0\] is inf"):
        fitted(model=model, loss=steep)
    assert [p.data for p in model.parameters()] == [0.0, 0.0]


def test_a_weight_that_is_nan_already_is_named():
    model = nn.MLP(1, [1], init="zeros")
    model.parameters()[1].data = math.nan
    with pytest.raises(FloatingPointError, match=r"layers\[0\]\.neurons\[0\]\.b is nan itself"):
        fitted(model=model)


def test_too_large_a_rate_ends_in_that_error_not_in_silence():
    with pytest.raises(FloatingPointError, match=r"lower the learning rate \(now 1e\+80\)"):
        fitted(epochs=50, lr=1e80)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"X": []}, ValueError, r"X has 0 rows and y 2 targets: each row needs one target"),
        ({"y": [1.0]}, ValueError, r"X has 2 rows and y 1 targets"),
        ({"X": [[1.0], [1.0, 2.0]]}, ValueError, r"X\[1\] has 2 numbers, X\[0\] has 1: every row must have the same length"),
        ({"X": [[1.0], [math.nan]]}, ValueError, r"X\[1\] holds nan: every number must be finite"),
        ({"y": [1.0, math.inf]}, ValueError, r"y\[1\] holds inf: every number must be finite"),
        ({"loss": "msee"}, ValueError, r"loss='msee' is not known: did you mean 'mse'\? write one of mse, half_squared_error, "),
        ({"loss": 3}, TypeError, r"loss=3 is neither a name nor a function"),
        (
            {"loss": lambda outputs, y: 0.5},
            TypeError,
            r"the loss gave 0\.5: it must give one Value made from the outputs",
        ),
        ({"optimizer": 0.1}, TypeError, r"optimizer=0\.1 is not an optimizer: write for example nn\.SGD\(lr=0\.1\)"),
        ({"epochs": 0}, ValueError, r"epochs=0: training needs at least 1"),
        ({"batch_size": 0}, ValueError, r"batch_size=0: a batch needs at least 1 row; None takes all"),
        ({"X": [[1.0], ["a"]]}, ValueError, r"X\[1\] holds 'a', a name: number the classes"),
        ({"X": [[1.0], [10**400]]}, ValueError, r"X\[1\] holds 1000"),
        ({"X": 3.0}, TypeError, r"X=3\.0 is not a list or an array"),
        ({"y": None}, TypeError, r"y=None is not a list or an array"),
        ({"epochs": 2.5}, TypeError, r"epochs=2\.5 is not a whole number"),
        ({"batch_size": 1.5}, TypeError, r"batch_size=1\.5 is not a whole number"),
        ({"clip": 0.0}, ValueError, r"clip=0\.0: the longest gradient allowed .* must be a finite number above 0"),
        ({"schedule": 0.1}, TypeError, r"schedule=0\.1 is not a function of the epoch"),
        ({"schedule": lambda epoch: math.nan}, ValueError, r"schedule\(0\) gave nan: a learning rate must be"),
        ({"callbacks": print}, TypeError, r"is not a list of functions: write callbacks=\[function\]"),
        ({"X": [[1.0, 2.0], [3.0, 4.0]]}, ValueError, r"takes 1 inputs, got 2"),
    ],
)
def test_bad_arguments_are_named_with_the_fix(changes, error, message):
    good = {"X": [[1.0], [2.0]], "y": [0.0, 1.0], "loss": "mse", "optimizer": nn.SGD(), "epochs": 1}
    with pytest.raises(error, match=message):
        nn.fit(nn.MLP(1, [1]), **(good | changes))


def test_the_table_keeps_the_first_and_the_last_epoch():
    _, history = fitted(epochs=50)
    lines = history.table(rows=5).splitlines()
    assert [line.split()[0] for line in lines] == ["epoch", "0", "12", "24", "37", "49"]
    assert len({len(line) for line in lines}) == 1
    assert str(nn.History()) == "no epoch was finished"
    with pytest.raises(ValueError, match=r"rows=1: a table needs at least 2 rows"):
        history.table(rows=1)


def test_no_bar_is_shown_without_a_terminal_or_when_refused(capsys):
    fitted()
    fitted(progress=False)
    assert capsys.readouterr() == ("", "")


def test_a_bar_is_shown_when_asked_for(monkeypatch):
    pytest.importorskip("tqdm")
    screen = io.StringIO()
    monkeypatch.setattr(sys, "stderr", screen)
    fitted(progress=True)
    assert "3/3" in screen.getvalue()
    assert "loss" in screen.getvalue()


def test_a_bar_that_cannot_be_shown_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(ImportError, match=r"progress=True needs tqdm: pip install 'microgradx\[progress\]'"):
        bar(3, True)


def test_weights_shared_by_two_losses_add_up_and_fit_starts_each_update_from_zero():
    model = nn.MLP(1, [1], init="zeros")
    for parameter in model.parameters():
        parameter.grad = 1e6
    assert fitted(model=model)[1].loss == fitted()[1].loss
    assert all(isinstance(p, Value) for p in model.parameters())


def test_cross_entropy_refuses_a_model_of_one_output():
    X, y = nn.data.gates("and")  # these four labels add up to 1, as the shares of four classes would
    with pytest.raises(ValueError, match=r"an output for each class.*binary_cross_entropy"):
        nn.fit(nn.MLP(2, [1], rng=0), X, y, loss="cross_entropy", optimizer=nn.SGD(lr=0.1), epochs=20)


def test_a_model_may_answer_with_a_tuple():
    class Tuple(nn.Module):
        def __init__(self):
            self.layer = nn.Layer(2, 3, "linear", rng=1)

        def __call__(self, x):
            return tuple(self.layer(x))

    X, y = nn.data.spirals(12, classes=3)
    settings = {"loss": "cross_entropy", "epochs": 20}
    replayed, eager = (
        nn.fit(Tuple(), X, y, optimizer=nn.SGD(lr=0.1), replay=replay, **settings) for replay in (True, False)
    )
    assert replayed.eager is None
    assert replayed.loss == pytest.approx(eager.loss, rel=1e-12)
    assert replayed.accuracy == eager.accuracy


def test_control_c_while_the_batch_is_recorded_returns_a_history_too():
    def interrupted(outputs, y):
        raise KeyboardInterrupt

    history = nn.fit(nn.MLP(1, [1]), [[1.0]], [1.0], loss=interrupted, optimizer=nn.SGD(lr=0.1), epochs=50)
    assert (history.loss, history.stopped) == ([], "interrupted in epoch 0")
