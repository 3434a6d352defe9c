"""What the engine promises, one promise a test."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_center import Center

from kbsync.errors import ContentError, UsageError, Waiting
from kbsync.replicas.base import Kind, Written
from kbsync.sync.policy import Budget, Policy


def _filled(center: Center, count: int = 3) -> None:
    for number in range(count):
        center.write("files", f"Article {number}", f"alpha {number}\nbeta {number}")
    center.sync()


def test_a_new_file_arrives_everywhere_and_gets_its_id(center: Center) -> None:
    """A file without an id is given one, and both remotes get the article once."""
    center.write("files", "Refunds", "alpha")
    report = center.sync()
    assert report.exit_code == 0
    assert center.one("files", "Refunds").raw["id"] == "refunds"
    assert center.body("intercom", "Refunds") == center.body("confluence", "Refunds") == "alpha"


def test_after_a_sync_there_is_silence(center: Center) -> None:
    """A second run writes nothing at all."""
    _filled(center)
    before = [center.replica(name).writes for name in center.names]
    assert center.sync().applied == ()
    assert [center.replica(name).writes for name in center.names] == before


def test_edits_in_three_places_meet_in_all(center: Center) -> None:
    """Edits of different paragraphs in three replicas merge without a conflict."""
    center.write("files", "A", "one\ntwo\nthree\nfour\nfive")
    center.sync()
    center.edit("files", "A", body="ONE f\ntwo\nthree\nfour\nfive")
    center.edit("intercom", "A", body="one\ntwo\nTHREE i\nfour\nfive")
    center.edit("confluence", "A", body="one\ntwo\nthree\nfour\nFIVE c")
    assert center.sync().conflicts == ()
    assert {center.body(name, "A") for name in center.names} == {"ONE f\ntwo\nTHREE i\nfour\nFIVE c"}


def test_equal_edits_are_no_conflict(center: Center) -> None:
    """Two people who write the same agree."""
    _filled(center, 1)
    for name in ("files", "intercom"):
        center.edit(name, "Article 0", title="Better")
    assert center.sync().exit_code == 0
    assert center.one("confluence", "Better")


def test_a_conflict_holds_only_its_field(center: Center) -> None:
    """A disputed title stays on every side, while the body goes on."""
    _filled(center, 1)
    center.edit("files", "Article 0", title="Mine")
    center.edit("intercom", "Article 0", title="Yours", body="alpha 0\nbeta 0\nmore")
    report = center.sync()
    assert report.exit_code == 3
    assert report.conflicts[0].fields == ("title.en",)
    assert center.body("files", "Mine") == center.body("confluence", "Article 0") == "alpha 0\nbeta 0\nmore"
    assert center.one("intercom", "Yours")


@pytest.mark.parametrize(
    ("take", "title"), [("files", "Mine"), ("intercom", "Yours"), ("confluence", "Article 0")]
)
def test_a_settled_conflict_reaches_all(center: Center, take: str, title: str) -> None:
    """The side that was taken wins everywhere, and the next run is silent."""
    _filled(center, 1)
    center.edit("files", "Article 0", title="Mine")
    center.edit("intercom", "Article 0", title="Yours")
    center.sync()
    assert center.engine().resolve("article-0", take) == "article-0"  # type: ignore[arg-type]
    assert center.sync().exit_code == 0
    assert all(center.one(name, title) for name in center.names)
    assert center.sync().applied == ()


def test_an_edited_merge_settles_a_conflict(center: Center) -> None:
    """`--take merged` refuses while markers remain, then takes what the person wrote."""
    center.write("files", "A", "the same line here")
    center.sync()
    center.edit("files", "A", body="the first line here")
    center.edit("intercom", "A", body="the other line here")
    center.sync()
    view = center.engine().conflicts()[0]
    assert "<<<<<<<" in view.file.read_text()
    with pytest.raises(ContentError, match="markers"):
        center.engine().resolve("a", "merged")
    view.file.write_text("the settled line here\n")
    center.engine().resolve("a", "merged")
    assert center.sync().exit_code == 0
    assert {center.body(name, "A") for name in center.names} == {"the settled line here"}
    assert not view.file.exists()


def test_resolving_nothing_is_a_usage_error(center: Center) -> None:
    """An article without a conflict cannot be resolved."""
    _filled(center, 1)
    with pytest.raises(UsageError):
        center.engine().resolve("article-0", "files")


def test_a_conflict_outlives_an_outage(center: Center) -> None:
    """A held conflict stays held while one of its sides is down, and no version is lost."""
    _filled(center, 1)
    center.edit("files", "Article 0", title="Mine")
    center.edit("intercom", "Article 0", title="Yours")
    center.sync()
    center.intercom.moods.down = True
    assert center.sync().exit_code == 1
    center.intercom.moods.down = False
    assert center.sync().conflicts[0].replicas == ("files", "intercom")


def test_on_conflict_picks_a_side_and_keeps_the_other(center: Center) -> None:
    """A policy decides, and the losing version stays on record."""
    center.policy = Policy(on_conflict="intercom")
    _filled(center, 1)
    center.edit("files", "Article 0", title="Mine")
    center.edit("intercom", "Article 0", title="Yours")
    assert center.sync().exit_code == 0
    assert all(center.one(name, "Yours") for name in center.names)
    assert "Mine" in repr(center.state.snapshot.tables)


def test_a_deleted_article_is_retired_everywhere(center: Center) -> None:
    """A deletion unpublishes and archives, and the article does not come back."""
    _filled(center)
    center.delete("files", "Article 1")
    assert center.sync().exit_code == 0
    assert center.one("intercom", "Article 1").raw["texts"]["en"]["state"] == "draft"
    assert len(center.confluence.living()) == 2
    assert center.sync().applied == ()


def test_a_reverted_deletion_restores_the_article(center: Center) -> None:
    """A file that comes back under its id is restored where it was, not created anew."""
    _filled(center)
    key = ("article", center.one("files", "Article 1").handle)
    thing = center.files.things.pop(key)
    center.sync()
    center.files.things[key] = thing
    assert center.sync().exit_code == 0
    assert len(center.intercom.things) == len(center.confluence.things) == 3
    assert center.one("intercom", "Article 1").raw["texts"]["en"]["state"] == "published"
    assert center.sync().applied == ()


def test_an_edit_beats_a_delete(center: Center) -> None:
    """What somebody edited while it was deleted elsewhere stands everywhere."""
    _filled(center)
    center.delete("files", "Article 1")
    center.edit("intercom", "Article 1", body="edited")
    center.sync()
    assert {center.body(name, "Article 1") for name in center.names} == {"edited"}


def test_too_many_deletions_are_refused(center: Center) -> None:
    """Above the budget nothing is deleted, and the run says so."""
    _filled(center, 20)
    for number in range(3):
        center.delete("intercom", f"Article {number}")
    report = center.sync()
    assert report.exit_code == 1
    assert report.failed[0].code == "KB501"
    assert len(center.files.living()) == 20


def test_renames_are_no_deletions(center: Center) -> None:
    """Moving every file deletes nothing, whatever the budget."""
    center.policy = Policy(max_deletes=Budget(number=0, share=None))
    _filled(center, 4)
    for thing in center.files.living():
        del center.files.things["article", thing.handle]
        path = f"moved-{thing.handle}"
        center.files.things["article", path] = replace(
            thing, handle=path, raw={**thing.raw, "path": path, "name": path}
        )
    assert center.sync().exit_code == 0
    assert len(center.intercom.living()) == len(center.confluence.living()) == 4


def test_an_emptied_replica_is_set_aside(center: Center) -> None:
    """An empty listing deletes nothing and is not written to."""
    _filled(center, 5)
    center.files.things.clear()
    center.edit("intercom", "Article 1", body="edited")
    report = center.sync()
    assert report.exit_code == 1
    assert center.files.things == {}
    assert center.body("confluence", "Article 1") == "edited"


def test_a_short_listing_deletes_nothing(center: Center) -> None:
    """What is missing from a listing but answers a direct read is there."""
    _filled(center)
    center.confluence.moods.lists_short = True
    assert center.sync().applied == ()


@pytest.mark.parametrize("mood", ["down", "breaks_off"])
def test_a_failing_replica_stops_no_other(center: Center, mood: str) -> None:
    """The others go on, nothing is deleted, exit 1, and the next run catches up."""
    _filled(center)
    setattr(center.intercom.moods, mood, True)
    center.edit("files", "Article 0", body="edited")
    assert center.sync().exit_code == 1
    assert center.body("confluence", "Article 0") == "edited"
    setattr(center.intercom.moods, mood, False)
    assert center.sync().exit_code == 0
    assert center.body("intercom", "Article 0") == "edited"


def test_one_refused_article_stops_no_other(center: Center) -> None:
    """A remote that refuses one article gets all others."""
    center.intercom.moods.refuses.add("article-1")
    _filled(center)
    assert len(center.intercom.living()) == 2
    assert len(center.confluence.living()) == 3
    assert center.sync().failed[0].article == "article-1"


def test_what_waits_is_exit_3(center: Center, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that waits is refused, not failed, and is taken once it can be."""

    def waits(*_: object) -> Written:
        raise Waiting("the image is not public yet")

    with monkeypatch.context() as patched:
        patched.setattr(center.intercom, "create", waits)
        center.write("files", "A", "alpha")
        assert center.sync().exit_code == 3
    assert center.sync().exit_code == 0
    assert center.body("intercom", "A") == "alpha"


def test_a_server_that_alters_is_not_fought(center: Center) -> None:
    """A server that drops a paragraph is reported once; the others keep it, and nobody writes again."""
    center.confluence.moods.truncates = 1
    center.write("files", "A", "one\ntwo")
    report = center.sync()
    assert [w.code for w in report.warnings] == ["altered-by-server"]
    assert "-two" in report.warnings[0].diff
    assert center.sync().applied == ()
    center.edit("confluence", "A", body="one changed")
    center.sync()
    assert center.body("files", "A") == center.body("intercom", "A") == "one changed\ntwo"


def test_links_find_each_other_in_a_circle(center: Center) -> None:
    """Two new articles that name each other are linked in every replica after one run."""
    center.write("files", "A", "see b")
    center.write("files", "B", "see a")
    center.sync()
    for name in ("intercom", "confluence"):
        assert center.body(name, "A") == f"see {center.one(name, 'B').handle}"
        assert center.body(name, "B") == f"see {center.one(name, 'A').handle}"
    assert center.sync().applied == ()


def test_an_article_that_comes_back_links_to_what_was_made_anew_meanwhile(center: Center) -> None:
    """A hidden draft keeps an address of yesterday; once somebody brings it back, its link is written anew."""
    center.write("files", "A", "one\nsee b")
    center.write("files", "B", "two")
    center.sync()
    hidden = center.one("intercom", "A").handle
    center.delete("files", "A")
    center.sync()
    center.intercom.moods.refuses = {"b"}
    center.edit("files", "B", body="two ours")
    center.sync()
    center.intercom.moods.refuses = set()
    center.delete("intercom", "B")
    center.sync()
    center.intercom.edit(
        ("article", hidden), lambda raw: raw["texts"]["en"].update(title="A", state="published")
    )
    center.sync()
    assert center.body("intercom", "A") == f"one\nsee {center.one('intercom', 'B').handle}"
    assert center.body("files", "A") == "one\nsee b"
    assert center.sync().applied == ()


def test_a_page_made_in_confluence_arrives_as_a_draft(center: Center) -> None:
    """An internal page is never made public by kbsync itself."""
    center.write("confluence", "Internal", "secret")
    center.sync()
    assert center.one("intercom", "Internal").raw["texts"]["en"]["state"] == "draft"
    assert center.one("files", "Internal").raw["texts"]["en"]["state"] == "draft"


def test_populated_replicas_pair_up_by_title(center: Center) -> None:
    """The same article in three places becomes one, and nothing is created."""
    for name in center.names:
        center.write(name, "Same", "alpha")
    center.sync()
    assert [len(center.replica(name).living()) for name in center.names] == [1, 1, 1]
    assert center.sync().applied == ()


def test_an_ambiguous_pair_is_left_alone(center: Center) -> None:
    """Two candidates are none: a warning, no article bound, none created."""
    center.write("files", "Same", "alpha", id="same")
    center.write("intercom", "Same", "one")
    center.write("intercom", "Same", "two")
    report = center.sync()
    assert {w.code for w in report.warnings} == {"ambiguous-pairing"}
    assert len(center.intercom.living()) == 2
    assert center.body("files", "Same") == "alpha"


def test_a_first_meeting_that_differs_is_held(center: Center) -> None:
    """Two bodies without a base are a conflict that stays until a person decides."""
    center.write("files", "Same", "alpha here stands")
    center.write("intercom", "Same", "gamma is here")
    assert center.sync().exit_code == 3
    assert center.sync().exit_code == 3
    center.engine().resolve("same", "intercom")
    assert center.sync().exit_code == 0
    assert {center.body(name, "Same") for name in center.names} == {"gamma is here"}


def test_a_lost_state_is_survived(center: Center) -> None:
    """Without any state equal content pairs up and nothing is written or deleted."""
    _filled(center)
    center.forget_everything()
    report = center.sync()
    assert report.applied == ()
    assert report.exit_code == 0


def test_push_reports_drift_and_keeps_it(center: Center) -> None:
    """An edit on a push-only replica is held there, reported, and overwritten only when the policy says so."""
    center.policy = Policy(direction={"confluence": "push"})
    _filled(center, 1)
    center.edit("confluence", "Article 0", title="Drifted")
    center.edit("files", "Article 0", body="new body")
    report = center.sync()
    assert report.exit_code == 3
    assert "drift" in {w.code for w in report.warnings}
    assert center.body("confluence", "Drifted") == "new body"
    assert center.one("files", "Article 0")
    assert center.sync().exit_code == 3
    center.policy = replace(center.policy, on_conflict="files")
    assert center.sync().exit_code == 0
    assert center.body("confluence", "Article 0") == "new body"


def test_push_leaves_foreign_pages_alone(center: Center) -> None:
    """A page that kbsync did not make is neither read nor touched."""
    center.policy = Policy(direction={"confluence": "push"})
    center.write("confluence", "Team notes", "private")
    _filled(center, 1)
    assert len(center.files.living()) == 1
    assert center.body("confluence", "Team notes") == "private"


def test_pull_never_writes(center: Center) -> None:
    """A pull-only replica gives and never gets."""
    center.policy = Policy(direction={"intercom": "pull"})
    center.write("intercom", "Remote", "theirs")
    _filled(center, 1)
    assert center.intercom.writes == 0
    assert center.body("files", "Remote") == "theirs"
    center.edit("files", "Remote", body="ours")
    center.sync()
    assert center.intercom.writes == 0
    assert center.body("confluence", "Remote") == "ours"


def test_keep_does_not_pass_deletions_on(center: Center) -> None:
    """With `on_delete = "keep"` the others keep the article, until somebody edits it."""
    center.policy = Policy(on_delete="keep")
    _filled(center)
    center.delete("files", "Article 1")
    assert center.sync().applied == ()
    assert center.sync().applied == ()
    center.edit("intercom", "Article 1", body="edited")
    center.sync()
    assert center.body("files", "Article 1") == "edited"


def test_a_stale_step_is_refused_and_others_go_on(center: Center) -> None:
    """Apply refuses what moved since the plan, step by step, and overwrites nothing."""
    _filled(center)
    center.edit("files", "Article 0", body="planned 0")
    center.edit("files", "Article 1", body="planned 1")
    plan = center.engine().plan()
    center.edit("confluence", "Article 0", body="moved")
    report = center.engine().apply(plan)
    assert [(r.article, r.replica) for r in report.refused] == [("article-0", "confluence")]
    assert report.exit_code == 3
    assert center.body("confluence", "Article 0") == "moved"
    assert center.body("intercom", "Article 0") == "planned 0"
    assert center.body("intercom", "Article 1") == center.body("confluence", "Article 1") == "planned 1"


def test_a_plan_applied_twice_is_a_no_op(center: Center) -> None:
    """Steps that were taken already are left alone."""
    _filled(center)
    center.edit("files", "Article 0", body="planned")
    center.write("files", "Fresh", "alpha")
    center.delete("confluence", "Article 2")
    plan = center.engine().plan()
    center.engine().apply(plan)
    writes = [center.replica(name).writes for name in center.names]
    report = center.engine().apply(plan)
    assert report.exit_code == 0
    assert report.applied == report.refused == ()
    assert [center.replica(name).writes for name in center.names] == writes
    assert center.engine().check(plan) == ()


@pytest.mark.parametrize("name", ["intercom", "confluence"])
def test_a_link_to_what_becomes_an_article_later_is_a_link_everywhere(center: Center, name: str) -> None:
    """What a remote article links to comes into sight a run later: by then the others link to it too."""
    other = center.write(name, "B", "two")
    unseen = center.replica(name).things.pop(("article", other))
    center.write(name, "A", f"one\nsee {other}")
    center.sync()
    center.replica(name).things["article", other] = unseen
    center.sync()
    assert all(center.body(each, "A") == f"one\nsee {center.one(each, 'B').handle}" for each in center.names)
    assert center.sync().applied == ()


def test_a_plan_of_a_first_meeting_is_a_no_op_the_second_time(center: Center) -> None:
    """What a step leaves is the same before and after it, also in fields that nobody filled in."""
    center.write("files", "A", "one")
    center.sync()
    center.translate("intercom", "A")
    center.forget_everything()
    plan = center.engine().plan()
    assert center.engine().apply(plan).exit_code == 0
    assert center.engine().apply(plan).exit_code == 0


def test_a_plan_says_the_same_twice_and_writes_nothing(center: Center) -> None:
    """Two plans of one world are equal but for their time, and leave no trace."""
    center.write("files", "A", "alpha")
    first, second = center.engine().plan(), center.engine().plan()
    assert first.steps == second.steps
    assert center.intercom.writes == 0
    assert center.engine().check(first) == ()


def test_the_order_of_replicas_decides_nothing(
    center: Center, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The same world gives the same base whatever order replicas are named in."""
    worlds = [center, Center(tmp_path_factory.mktemp("other"))]
    worlds[1].names = ("confluence", "intercom", "files")
    for world in worlds:
        _filled(world)
        for name in ("files", "intercom", "confluence"):
            world.edit(name, "Article 0", body=f"alpha 0\n{name}\nbeta 0")
            world.edit(name, "Article 1", title=f"By {name}")
        world.sync()
    assert worlds[0].body("files", "Article 0") == worlds[1].body("files", "Article 0")
    assert worlds[0].engine().conflicts()[0].versions == worlds[1].engine().conflicts()[0].versions
    worlds[1].state.close()


def test_somebody_who_writes_in_between_is_merged_back(center: Center) -> None:
    """What Intercom let us overwrite comes back in the same run."""
    center.write("files", "A", "one\ntwo\nthree")
    center.sync()
    center.edit("files", "A", body="one\ntwo\nthree\nfiles")
    center.intercom.race = lambda key: center.intercom.edit(
        key, lambda raw: raw["texts"]["en"].update(body="intercom\none\ntwo\nthree")
    )
    center.sync()
    assert {center.body(name, "A") for name in center.names} == {"intercom\none\ntwo\nthree\nfiles"}


def test_repair_forgets_and_binds(center: Center) -> None:
    """A forgotten article is met anew; a bound one is merged with what a person pointed at."""
    _filled(center, 1)
    assert "article-0" in center.engine().repair(forget=["article-0"])[0]
    assert center.sync().applied == ()
    with pytest.raises(UsageError):
        center.engine().repair(forget=["nothing"])


def test_status_tells_where_things_stand(center: Center) -> None:
    """Counts come from the state alone."""
    _filled(center)
    status = center.engine().status()
    assert (status.articles, status.conflicts, status.interrupted) == (3, 0, 0)
    assert status.present == {"files": 3, "confluence": 3, "intercom": 3}


def test_a_person_says_which_article_it_is(center: Center) -> None:
    """Of two candidates that a person points at, the bound one is merged and the other becomes its own."""
    center.write("files", "Same", "alpha", id="same")
    handles = [center.write("intercom", "Same", body) for body in ("one", "two")]
    center.sync()
    with pytest.raises(UsageError, match="no article nowhere"):
        center.engine().repair(bind=[("same", "intercom", "nowhere")])
    with pytest.raises(UsageError, match="no article nothing"):
        center.engine().repair(bind=[("nothing", "intercom", handles[0])])
    assert handles[0] in center.engine().repair(bind=[("same", "intercom", handles[0])])[0]
    assert center.sync().conflicts == ()
    assert center.files.things["article", "same"].raw["texts"]["en"]["body"] == "one"
    assert {t.handle: t.raw["texts"]["en"]["body"] for t in center.intercom.living()} == {
        handles[0]: "one",
        handles[1]: "two",
    }
    assert len(center.files.living()) == 2
    assert center.sync().applied == ()


def test_repair_binds_a_thing_once(center: Center) -> None:
    """A thing that is known as another article is not bound twice; that one has to be forgotten first."""
    _filled(center, 2)
    other = center.one("intercom", "Article 1").handle
    with pytest.raises(UsageError, match="is article-1 already"):
        center.engine().repair(bind=[("article-0", "intercom", other)])


def test_an_interrupted_run_begins_nothing_more(center: Center, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends a run after the writes that are under way, however many wait; the next run goes on."""
    for number in range(60):
        center.write("files", f"Article {number}", "alpha")
    create, made = center.confluence.create, list[str]()

    def interrupted(kind: Kind, id: str, raw: str) -> Written:
        made.append(id)
        if len(made) == 1:
            raise KeyboardInterrupt
        return create(kind, id, raw)

    monkeypatch.setattr(center.confluence, "create", interrupted)
    engine = center.engine()
    engine.workers = 4
    with pytest.raises(KeyboardInterrupt):
        engine.sync()
    assert len(made) < 60
    assert center.sync().exit_code == 0
    assert len(center.confluence.living()) == 60
