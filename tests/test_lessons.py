"""What failed in systems of this kind, and the test that would fail if it failed here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent

LESSONS = {
    "the worst answers everywhere scored 69 %": [
        "assessments/test_completion.py::test_worst_answers_score_0_and_best_ones_100",
        "assessments/test_scoring.py::test_worst_answers_score_0_and_best_ones_100",
        "assessments/test_scoring.py::test_raising_an_answer_never_lowers_any_score_or_level",
    ],
    "18 of 409 questions were filed under the next section": [
        "assessments/test_shipped_catalog.py::test_each_rule_finds_the_fault_it_is_for_and_no_other_rule_does",
        "assessments/test_shipped_catalog.py::test_every_control_has_one_home_among_the_sub_areas",
    ],
    "autosave never stored anything, and nobody was told": [
        "browser/test_saving.py::test_each_kind_of_answer_is_saved_as_it_is_given",
        "browser/test_saving.py::test_the_network_goes_and_comes_back",
        "browser/test_saving.py::test_a_server_that_is_away_is_asked_again_and_again",
        "browser/test_unsent.py::test_whatever_happens_the_last_answers_are_stored",
    ],
    "signing out for want of use lost the page": [
        "browser/test_idle.py::test_one_key_keeps_the_session",
        "browser/test_idle.py::test_who_was_away_comes_back_to_the_same_question",
    ],
    "an AI report could be downloaded before its release": [
        "reports/enhancement/test_release.py::test_before_the_release_its_owner_gets_nothing_by_any_face",
        "test_access.py::test_access",
        "api/test_access.py::test_access",
    ],
    "the prompt held no question, and a paid synthesis was not printed": [
        "reports/enhancement/test_pipeline.py::test_the_model_is_told_the_questions_and_the_answers",
        "reports/enhancement/test_pipeline.py::test_what_the_model_wrote_is_printed_and_waits_for_its_review",
    ],
    "without a key or with garbage the AI report was completed with placeholders": [
        "reports/enhancement/test_pipeline.py::test_whatever_the_service_does_there_is_an_honest_report",
        "reports/enhancement/test_pipeline.py::test_one_section_without_a_text_is_named",
    ],
    "a worker that was killed left a report generating for ever": [
        "reports/test_worker.py::test_a_worker_killed_at_work_costs_time_and_no_report",
        "reports/test_storm.py::test_every_report_is_completed_once_though_workers_die",
        "reports/test_production.py::test_after_five_tries_it_has_failed_with_a_reason",
    ],
    "PDFs were made in the web process": [
        "reports/test_ordering.py::test_the_worker_is_told_once_the_row_is_certain",
    ],
    "questions were parsed at every save, and saved by one statement each": [
        "assessments/test_answering.py::test_any_number_of_answers_costs_the_same",
        "api/test_assessments.py::test_saving_costs_the_same_for_one_and_for_all",
        "api/test_assessments.py::test_the_catalog_is_small_and_asked_for_once",
    ],
    "a list of 100 people took 103 queries, a page of questions 1,422": [
        "test_console.py::test_lists_cost_the_same_for_one_or_many",
        "assessments/test_pages.py::test_what_each_page_costs",
        "api/test_assessments.py::test_reading_stays_within_its_budget",
    ],
    "there was no policy, and denials were answered 200": [
        "posture/test_headers.py::test_every_response_carries_the_headers",
        "api/test_protocol.py::test_every_refusal_is_a_problem_with_a_code",
    ],
    "unknown questions were stored, and odd characters answered 500": [
        "assessments/test_answering.py::test_bad_input_is_refused_where_it_is_and_stores_nothing",
        "assessments/test_answering.py::test_progress_counts_what_was_said_and_never_rounds_up",
        "api/test_fuzzing.py::test_no_odd_request_breaks_anything",
    ],
    "two at once lost a batch, and twelve starts gave two assessments": [
        "assessments/test_answering.py::test_answers_at_once_from_many_pages_are_all_kept",
        "assessments/test_starting.py::test_twelve_starts_at_once_give_one_assessment",
    ],
    "limits never limited": [
        "api/test_protocol.py::test_of_forty_at_once_ten_pass",
        "accounts/test_entrance.py::test_one_address_has_ten_tries_a_minute",
    ],
    "tokens outlived signing out, and messages told who has an account": [
        "api/test_auth.py::test_signing_out_ends_the_access_token_at_once",
        "api/test_auth.py::test_a_deactivated_person_is_out_at_once",
        "api/test_auth.py::test_registering_a_known_address_looks_the_same",
        "accounts/test_entrance.py::test_passwords_are_hashed_by_bcrypt_and_not_cut",
    ],
    "a retry around a function that swallowed its exceptions": [
        "reports/test_production.py::test_a_failure_is_recorded_raised_and_tried_again",
    ],
    "no charts, no page numbers, boxes for letters, long comments off the page, no tags": [
        "reports/test_pdf.py::test_every_page_but_the_cover_has_header_and_footer",
        "reports/test_pdf.py::test_nothing_that_is_written_leaves_its_page",
        "reports/test_pdf.py::test_the_tags_tell_headings_tables_and_pictures",
        "reports/test_pdf.py::test_letters_of_every_script_of_the_typeface_come_out_as_themselves",
    ],
    "10 to 16 steps to run it": [
        "test_server.py::test_both_health_pages_answer_and_ctrl_c_leaves_no_process",
    ],
}


@pytest.mark.parametrize("lesson", LESSONS)
def test_each_lesson_has_its_tests(lesson: str) -> None:
    for where in LESSONS[lesson]:
        file, _, name = where.partition("::")
        assert re.search(rf"^def {name}\(", (TESTS / file).read_text(), re.MULTILINE), where
