//! The suite that every database passes. The list is here once; a database runs it in one line.

/// Makes a test of each case.
macro_rules! cases {
    ($database:ty: $($module:ident { $($case:ident)* })*) => {
        $($(
            #[test]
            fn $case() {
                crate::$module::$case::<$database>();
            }
        )*)*
    };
}

/// The cases, for one database.
macro_rules! suite {
    ($database:ty) => {
        cases! {
            $database:
            lane {
                a_renewal_is_placed_and_paid
                a_batch_decides_each_command_on_what_the_one_before_did
                each_way_of_paying_moves_its_book
                a_credited_order_gives_the_money_back
                coupons_are_used_once
                a_stacking_service_is_extended_by_each_order
                a_cancelled_order_leaves_its_service_free
                a_token_gets_its_first_reply_after_a_restart
                the_things_of_another_account_are_not_found
                a_stale_version_is_a_conflict
                a_write_that_is_refused_spoils_its_batch
                a_dropped_batch_leaves_nothing
                a_batch_sees_its_own_writes
                spans_bound_what_is_listed
                replies_and_notices_are_forgotten
                a_notice_is_left_to_one_node_for_a_while
                a_notice_that_could_not_leave_waits
            }
            schedule {
                a_visit_is_read_back_and_changes_nothing_twice
                stages_and_notices_of_many_visits_keep_their_order
                every_notice_reads_back
                stages_are_forgotten_after_two_years
                the_schedule_is_held_by_one_node_at_a_time
            }
            master {
                records_read_back
                what_is_there_is_brought_up_to_date
                every_kind_of_product_is_recorded
                a_service_keeps_what_was_paid_for
                keys_find_rows_without_ids
                an_account_keeps_its_currency_and_a_product_its_kind
                a_used_coupon_is_left_alone
                there_is_one_default_method
                the_price_list_is_read_again_when_it_changed
                a_price_list_that_was_rolled_back_is_not_kept
                many_services_are_recorded
                what_is_due_is_read_page_by_page
            }
            buy {
                a_bought_service_waits_for_its_payment
                a_purchase_that_is_withdrawn_opens_nothing
                a_deposit_is_put_on_the_balance
                a_split_payment_takes_its_part_from_the_balance
            }
            now {
                a_renewal_is_placed_and_paid_in_one_step
                a_renewal_that_coupons_cover_is_paid_with_nothing
                a_renewal_that_cannot_be_paid_leaves_nothing
                a_batch_renews_until_the_money_is_gone
                a_renewal_to_a_day_reads_back
                a_token_that_holds_while_nothing_moves_gives_way_once_something_did
                a_token_is_taken_over_however_long_it_was_kept
                an_open_order_is_answered_twice_in_a_moment_under_one_token
                a_malformed_token_spoils_nobody_elses_command
                a_nonce_is_used_once_also_after_a_restart
                nonces_are_forgotten_the_oldest_first
            }
            revise {
                an_open_order_is_revised
                a_settled_order_is_neither_revised_nor_planned
                a_plan_stays_with_its_order
                a_payment_link_is_found_by_its_token
                open_orders_are_those_of_the_account_that_are_not_settled
            }
            owner {
                a_cancellation_stays_until_it_is_withdrawn
                an_extension_leaves_a_cancellation_alone
                a_file_takes_a_cancellation_away_with_its_mode
                an_account_tells_of_itself
                a_method_is_added_under_the_next_id
                a_report_of_work_is_kept_for_its_account
            }
            access {
                applications_and_credentials_read_back
                a_revoked_application_ends_its_credentials
                a_pending_credential_is_found_by_its_link
                a_digest_is_taken_once
                a_credential_is_forgotten_a_month_after_its_end
                access_counts_up_with_each_change_but_not_with_each_use
                a_termination_waits_for_its_token
            }
            holdings {
                holdings_read_back_and_are_brought_up_to_date
                many_holdings_are_recorded_and_read_page_by_page
                holdings_are_found_by_what_they_are_called
                a_whole_reading_forgets_what_is_gone
            }
            intents {
                a_text_with_a_nul_loses_no_word_of_a_payment
                an_intent_is_put_on_file_once
                a_refused_intent_is_taken_up_anew
                what_was_sent_is_not_put_on_file_as_new
                a_claim_is_one_workers_for_a_while
                what_is_settled_is_not_claimed
                a_note_that_is_refused_takes_its_state_along
                intents_are_listed_and_found
                what_was_spent_is_told
                of_many_nodes_one_takes_an_intent_up
                a_claim_that_is_not_committed_yet_is_waited_for
            }
            webhooks {
                webhooks_read_back_and_go
                a_notice_is_spread_once_to_those_who_hear_of_it
                a_delivery_is_one_nodes_for_a_while
                a_delivery_is_settled_by_whoever_has_it
                a_webhook_that_is_disabled_is_told_nothing_more
                what_a_webhook_was_told_is_told_again
                events_are_forgotten_after_a_month
            }
            charges {
                a_charge_pays_its_order_once_the_money_moved
                a_declined_charge_frees_its_order_and_its_token
                a_token_is_taken_over_in_the_same_moment
                money_that_comes_too_late_is_on_the_balance
                a_refund_takes_back_what_a_charge_collected
                charges_of_many_decisions_keep_their_order
                every_charge_reads_back
                a_method_on_a_gateway_reads_back
                a_charge_is_left_to_one_node_for_a_while
                a_charge_of_which_nothing_is_known_waits
            }
            states {
                every_state_reads_back
            }
        }
    };
}

mod sqlite {
    suite!(crate::world::Sqlite);
}

mod postgres {
    suite!(crate::world::Postgres);
}
