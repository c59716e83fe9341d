"""The attack list, rows 1 to 66: for each row the tests that prove it, each of which exists.

Rows 1 to 26 are about who sends, 27 to 46 about HTTP, 47 to 66 about payloads and schemas.
"""

from importlib import import_module

import pytest

SCHEMES = "tests.unit.sources.webhook.test_attacks"
TWILIO = "tests.unit.sources.webhook.test_twilio"
STATUSES, PAYLOADS, HTTP = "tests.attacks.test_statuses", "tests.attacks.test_payloads", "tests.attacks.test_http_cases"
AVRO, SCHEMAS, KAFKA = "tests.attacks.test_avro", "tests.attacks.test_schemas", "tests.attacks.test_kafka_headers"
BOUNDS, LIMITS = "tests.unit.envelope.test_bounds", "tests.integration.test_ingress_limits"
CONNECTIONS, PORT = "tests.integration.test_ingress_connections", "tests.integration.test_ingress_http"
VOLUME, TIMING = "tests.attacks.test_volume", "tests.attacks.test_timing"
ALL = f"{STATUSES}:test_an_attack_has_its_status_its_answer_and_its_metric"
CASES = f"{HTTP}:test_it_is_answered_as_it_should_be"
HEADS = f"{CONNECTIONS}:test_a_malformed_head_is_refused_and_the_connection_closed"
LARGE = f"{LIMITS}:test_a_request_that_is_too_large_is_refused_and_the_connection_closed"
SLOW = f"{CONNECTIONS}:test_who_is_silent_or_slow_is_cut_off"
LOOKED_FOR = f"{PAYLOADS}:test_where_attributes_are_looked_for_it_is_refused_or_taken_as_it_is"
CARRIED = f"{PAYLOADS}:test_where_nothing_is_looked_for_it_is_carried_byte_by_byte"
VALUE = f"{AVRO}:test_a_hostile_value_is_refused"
MISBEHAVES = f"{SCHEMAS}:test_what_a_registry_should_not_answer_is_refused"

ROWS: dict[int, tuple[str, ...]] = {
    1: (ALL, f"{SCHEMES}:test_a_request_without_a_signature_is_refused"),
    2: (ALL, f"{SCHEMES}:test_the_signature_of_another_body_is_refused"),
    3: (ALL, f"{SCHEMES}:test_the_signature_of_another_body_is_refused"),
    4: (ALL, f"{SCHEMES}:test_the_signature_of_another_body_is_refused"),
    5: (ALL, f"{SCHEMES}:test_a_timestamp_outside_the_window_is_refused"),
    6: (
        ALL,
        f"{SCHEMES}:test_the_window_includes_its_edges",
        f"{STATUSES}:test_at_the_edge_of_the_window_it_is_accepted",
    ),
    7: (ALL, f"{SCHEMES}:test_a_timestamp_is_digits_and_nothing_else"),
    8: (f"{STATUSES}:test_a_replay_inside_the_window_is_accepted_and_is_no_second_event",),
    9: (f"{STATUSES}:test_keys_are_remembered_for_longer_than_any_signature_is_valid",),
    10: (ALL, f"{SCHEMES}:test_a_signature_that_cannot_be_read_is_refused_at_once"),
    11: (ALL, f"{SCHEMES}:test_only_canonical_base64_is_a_signature"),
    12: (ALL, f"{SCHEMES}:test_the_right_signature_counts_among_ten_and_not_after_a_thousand"),
    13: (ALL, f"{SCHEMES}:test_a_signature_of_a_weaker_scheme_alone_is_refused"),
    14: (ALL, f"{SCHEMES}:test_bytes_that_are_no_ascii_are_refused"),
    15: (ALL, f"{SCHEMES}:test_a_signed_id_that_could_be_read_in_two_ways_is_refused"),
    16: (ALL, f"{SCHEMES}:test_a_signed_header_that_occurs_twice_is_refused"),
    17: (f"{SCHEMES}:test_an_empty_secret_is_refused_at_the_start",),
    18: (f"{SCHEMES}:test_while_secrets_rotate_both_are_accepted_and_afterwards_one",),
    19: (
        f"{SCHEMES}:test_no_key_fits_an_endpoint_of_another_scheme",
        "tests.unit.sources.webhook.test_standard_webhooks:test_who_signs_with_the_public_key_as_a_secret_is_refused",
    ),
    20: (ALL, f"{SCHEMES}:test_no_key_fits_an_endpoint_of_another_scheme"),
    21: (
        f"{STATUSES}:test_an_unknown_path_and_a_forged_signature_are_answered_alike",
        f"{TIMING}:test_an_unknown_path_and_a_forged_signature_take_alike",
    ),
    22: (f"{TIMING}:test_the_first_and_the_last_byte_of_a_signature_take_alike",),
    23: (f"{TWILIO}:test_a_changed_body_with_the_digest_and_signature_of_the_good_one_is_refused",),
    24: (
        f"{TWILIO}:test_behind_a_proxy_the_configured_url_counts_with_the_query_that_arrives",
        "tests.integration.test_ingress_peers:test_only_trusted_proxies_are_believed",
    ),
    25: ("tests.unit.sources.webhook.test_slack:test_the_challenge_of_an_unsigned_verification_is_not_echoed",),
    26: ("tests.unit.ingress.test_forwarded:test_what_a_sender_writes_before_the_proxy_changes_nothing",),
    **dict.fromkeys((27, 28, 29, 30, 31, 32), (CASES, HEADS)),
    33: (CASES, LARGE),
    34: (LARGE, f"{PORT}:test_a_body_at_the_limit_is_taken_and_one_byte_more_is_not"),
    35: (SLOW, f"{CONNECTIONS}:test_the_deadline_holds_for_the_next_head_of_a_connection_but_not_for_its_rest"),
    36: (SLOW, f"{LIMITS}:test_a_body_that_trickles_is_given_up_and_a_faster_one_is_awaited"),
    37: (
        "tests.integration.test_ingress_crowd:test_honest_senders_and_the_health_port_are_answered_in_a_crowd",
        f"{LIMITS}:test_one_address_cannot_take_all_connections",
    ),
    38: (
        f"{STATUSES}:test_a_bomb_is_refused_within_the_limit",
        f"{PORT}:test_compressed_bodies_are_unpacked_within_the_limit",
    ),
    39: (f"{PORT}:test_compressed_bodies_are_unpacked_within_the_limit",),
    40: (f"{VOLUME}:test_a_million_of_them_is_bounded",),
    41: (
        f"{VOLUME}:test_ten_thousand_requests_at_once_are_answered_one_by_one",
        f"{LIMITS}:test_who_reads_no_answers_is_cut_off_before_they_fill_the_memory",
    ),
    42: (f"{VOLUME}:test_a_body_that_was_asked_for_and_never_comes_is_given_up",),
    43: (
        f"{PORT}:test_only_post_is_taken",
        "tests.integration.test_ingress_batches:test_a_wrong_content_type_is_answered_415_with_a_reason",
        "tests.integration.test_ingress_batches:test_only_the_listed_content_types_are_taken",
    ),
    44: (
        f"{CONNECTIONS}:test_a_sender_that_leaves_before_the_answer_has_its_event_published",
        f"{STATUSES}:test_a_replay_inside_the_window_is_accepted_and_is_no_second_event",
    ),
    45: (CASES, f"{PORT}:test_a_path_has_one_spelling"),
    46: (f"{LIMITS}:test_bad_cookies_fill_no_log",),
    **dict.fromkeys(
        (47, 48, 50, 52),
        (LOOKED_FOR, CARRIED, "tests.attacks.test_json_cases:test_where_attributes_stand_in_it_only_json_is_taken"),
    ),
    **dict.fromkeys((49, 51), (LOOKED_FOR, CARRIED, f"{PAYLOADS}:test_in_a_cloudevent_it_is_refused")),
    53: (
        f"{PAYLOADS}:test_a_naughty_string_round_trips_in_every_text_or_is_refused",
        f"{PAYLOADS}:test_a_naughty_string_round_trips_in_a_cloudevent_or_is_refused",
    ),
    54: (f"{AVRO}:test_a_value_with_another_magic_is_refused",),
    55: (MISBEHAVES,),
    56: (VALUE, f"{AVRO}:test_a_value_that_is_cut_anywhere_is_refused"),
    57: (VALUE, f"{BOUNDS}:test_trailing_bytes_are_found"),
    58: (VALUE, f"{BOUNDS}:test_a_union_index_outside_is_refused", f"{BOUNDS}:test_an_enum_index_outside_is_refused"),
    59: (VALUE, f"{AVRO}:test_a_schema_by_which_few_bytes_become_many_items_is_not_decoded_with"),
    60: (VALUE, f"{BOUNDS}:test_a_length_cannot_be_negative_or_huge"),
    61: (f"{AVRO}:test_a_schema_by_which_few_bytes_become_many_items_is_not_decoded_with",),
    62: (VALUE, f"{BOUNDS}:test_a_number_longer_than_64_bits_is_refused"),
    63: (VALUE, f"{AVRO}:test_a_decimal_of_many_digits_is_decoded_or_refused"),
    64: (
        f"{SCHEMAS}:test_a_schema_that_is_pushed_is_refused",
        f"{SCHEMAS}:test_a_schema_of_3000_levels_is_refused_as_text",
        f"{SCHEMAS}:test_a_default_of_the_wrong_type_is_never_used",
    ),
    65: (
        MISBEHAVES,
        f"{SCHEMAS}:test_no_redirect_is_followed",
        f"{SCHEMAS}:test_an_id_keeps_the_schema_that_it_was_first_seen_with",
    ),
    66: (
        f"{KAFKA}:test_ten_thousand_headers_are_carried_and_cost_little",
        f"{KAFKA}:test_a_header_of_a_megabyte_is_carried_or_left_out",
        f"{KAFKA}:test_forged_headers_of_dead_letters_are_not_believed",
    ),
}


def test_every_row_of_the_list_is_there() -> None:
    assert sorted(ROWS) == list(range(1, 67))


@pytest.mark.parametrize("row", ROWS)
def test_the_tests_of_a_row_exist(row: int) -> None:
    for test in ROWS[row]:
        module, _, name = test.partition(":")
        assert callable(getattr(import_module(module), name)), test
