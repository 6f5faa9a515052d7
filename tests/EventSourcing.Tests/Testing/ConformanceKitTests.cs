using EventSourcing.Testing;

namespace EventSourcing.Tests.Testing;

/// <summary>The kit's teeth: a case that no wrong storage fails proves nothing.</summary>
public class ConformanceKitTests
{
    private static readonly Dictionary<string, Fault> All = new Fault[]
    {
        new(o => new Faults.IgnoresExpectedVersions(o),
            "Append_expecting_version_1_of_a_stream_at_version_2_is_refused", "Append_expecting_StreamExists_of_a_stream_that_never_existed_is_refused", "Race_of_8_appending_at_one_version_lets_exactly_one_win"),
        new(o => new Faults.IgnoresChecksBesideWrites(o),
            "Check_before_a_write_expecting_version_3_of_a_stream_at_version_2_is_refused", "Check_after_a_write_expecting_NoStream_of_a_stream_at_version_2_is_refused", "Race_of_2_writing_each_what_the_other_checks_lets_exactly_one_win"),
        new(o => new Faults.TakesNoStreamForAny(o), "Append_expecting_NoStream_of_a_stream_at_version_2_is_refused", "Race_of_8_creating_one_stream_lets_exactly_one_win"),
        new(o => new Faults.TrustsAStaleVersion(o), "Append_expecting_the_version_from_before_a_batch_that_touched_the_stream_is_refused"),
        new(o => new Faults.ChecksGuardsBeforeTheLock(o),
            "Race_of_8_appending_at_one_version_lets_exactly_one_win", "Race_of_8_appending_on_one_condition_lets_exactly_one_win", "Race_of_2_entering_each_where_the_other_requires_emptiness_lets_exactly_one_win"),

        new(o => new Faults.IgnoresConditions(o), "Append_on_condition_is_refused_after_a_related_event", "Append_on_condition_of_no_match_for_two_tags_is_refused_up_to_the_last_match"),
        new(o => new Faults.IgnoresAfter(o), "Append_on_condition_after_the_last_match_succeeds", "Append_a_chain_of_decisions_each_after_the_last_succeeds"),
        new(o => new Faults.TakesAfterForInclusive(o), "Append_on_condition_after_the_last_match_succeeds", "Append_on_condition_names_the_first_of_several_conflicts"),
        new(o => new Faults.TakesAfterForEquality(o),
            "Append_on_condition_after_the_head_succeeds_where_the_last_match_is_below_it", "Append_on_condition_after_a_position_beyond_the_head_succeeds_where_there_is_no_match"),
        new(o => new Faults.ChecksOnlyTheFirstCondition(o), "Append_on_two_conditions_names_the_second_where_only_that_fails"),
        new(o => new Faults.NamesTheLastConflict(o), "Append_on_condition_names_the_first_of_several_conflicts"),
        new(o => new Faults.ChecksAnAppendAgainstItself(o), "Append_on_condition_is_not_checked_against_its_own_event", "Append_on_condition_is_not_checked_against_the_events_of_its_own_batch"),
        new(o => new Faults.TakesAnyTagForAll(o), "Filter_by_two_tags_finds_exactly_what_matches", "Append_on_condition_succeeds_after_an_event_with_one_of_its_two_tags"),
        new(o => new Faults.MatchesTagsByPrefix(o), "Filter_by_a_tag_that_is_the_beginning_of_another_finds_exactly_what_matches"),
        new(o => new Faults.MatchesTagsWithoutCase(o), "Tell_tags_apart_that_differ_in_case", "Filter_by_a_tag_in_another_case_finds_exactly_what_matches"),
        new(o => new Faults.MatchesTypesWithoutCase(o), "Tell_types_apart_that_differ_in_case", "Filter_by_a_type_in_another_case_finds_exactly_what_matches"),
        new(o => new Faults.MatchesPrefixesByWildcard(o), "Filter_by_a_stream_prefix_with_an_underscore_finds_exactly_what_matches"),
        new(o => new Faults.LooksAtTheFirstItemOnly(o), "Filter_by_either_of_two_tags_finds_exactly_what_matches", "Append_on_condition_is_refused_when_only_its_last_item_matches"),
        new(o => new Faults.SearchesTagsInTheData(o), "Filter_by_a_tag_that_stands_in_data_metadata_type_and_stream_only_finds_nothing"),

        new(o => new Faults.AppendsStreamByStream(o), "Append_second_of_two_streams_expecting_version_1_of_a_stream_at_version_2_is_refused"),
        new(o => new Faults.ShowsBatchesInParts(o), "Read_the_log_while_batches_are_appended_sees_each_whole_or_not_at_all", "Read_a_stream_while_batches_are_appended_sees_each_whole_or_not_at_all"),
        new(o => new Faults.LosesTheSecondStream(o), "Append_to_several_streams_stands_in_the_order_of_the_request"),
        new(o => new Faults.BurnsPositions(o), "Append_after_a_wrong_expected_version_takes_the_next_position_and_version", "Append_after_a_duplicate_id_takes_the_next_position_and_version"),
        new(o => new Faults.CountsPositionsPerStream(o), "Append_to_streams_in_turn_keeps_one_log_and_versions_per_stream"),
        new(o => new Faults.LetsReadersPassWhatIsInFlight(o), "Tail_the_log_while_others_append_sees_every_position_in_turn"),
        new(o => new Faults.StoresWhatWasCancelled(o), "Append_already_cancelled_writes_nothing"),

        new(o => new Faults.ForgetsIds(o), "Append_again_expecting_Any_when_nothing_has_happened_since_returns_the_original_result", "Race_of_the_same_append_stores_it_once_and_returns_it_to_all"),
        new(o => new Faults.KeepsIdsUniquePerStreamOnly(o), "Append_again_to_another_stream_is_refused"),
        new(o => new Faults.FindsTheHeadForAnyStoredId(o), "Find_events_by_id_gives_the_position_of_each", "Find_an_event_by_id_after_it_was_appended_again_gives_its_first_position"),
        new(o => new Faults.FindsIdsByTheirBeginning(o), "Find_an_id_that_differs_in_any_one_byte_finds_nothing"),
        new(o => new Faults.FindsIdsInEitherOrderOfBytes(o), "Find_an_id_whose_bytes_are_those_of_another_in_another_order_finds_nothing"),
        new(o => new Faults.FindsIdsOfRefusedAppends(o), "Find_the_id_of_a_refused_event_finds_nothing_until_it_is_stored"),
        new(o => new Faults.FindsIdsOnlyAfterAWhile(o), "Find_events_by_id_while_others_append_finds_each_as_soon_as_its_append_returns"),
        new(o => new Faults.CallsARepetitionNew(o), "Append_again_expecting_Any_when_nothing_has_happened_since_returns_the_original_result"),
        new(o => new Faults.ReturnsTodaysVersionsForARepetition(o), "Append_again_expecting_Any_when_its_stream_has_grown_since_returns_the_original_result"),
        new(o => new Faults.ChecksGuardsOfARepetition(o), "Append_again_expecting_the_exact_version_when_nothing_has_happened_since_returns_the_original_result", "Append_again_when_its_check_fails_now_returns_the_original_result"),
        new(o => new Faults.ComparesIdsOnly(o), "Append_again_with_other_data_is_refused", "Append_again_with_a_tag_less_is_refused", "Append_again_with_another_type_is_refused"),
        new(o => new Faults.StoresTheNewPartOfAnOverlap(o), "Append_new_events_after_stored_ones_expecting_Any_is_refused", "Append_new_events_before_stored_ones_expecting_Any_is_refused"),
        new(o => new Faults.ComparesMetadataToo(o), "Append_again_with_other_metadata_returns_the_original_result"),

        new(o => new Faults.StampsWithTheBareClock(o), "Append_after_the_clock_went_back_repeats_the_last_stamp", "Append_to_another_stream_after_the_clock_went_back_repeats_the_last_stamp_of_the_log"),
        new(o => new Faults.StampsToTheMillisecond(o), "Append_stamps_to_the_precision_of_100_ns"),
        new(o => new Faults.StampsInLocalTime(o), "Append_with_a_clock_that_answers_in_local_time_stamps_UTC"),

        new(o => new Faults.FoldsTheCaseOfStreams(o), "Tell_streams_apart_that_differ_in_case"),
        new(o => new Faults.TrimsStreams(o), "Tell_streams_apart_that_differ_in_a_trailing_space", "Use_only_a_space_as_a_name_of_everything_is_read_back_alike"),
        new(o => new Faults.LosesMetadata(o), "Append_metadata_of_every_byte_value_is_read_back_alike_from_stream_and_log"),
        new(o => new Faults.KeepsTheCallersMemory(o), "Append_then_overwrite_the_data_leaves_the_event_as_it_was", "Append_from_one_buffer_again_and_again_keeps_every_event"),
        new(o => new Faults.SharesPageMemory(o), "Read_a_page_keeps_its_events_while_others_append_and_read"),
        new(o => new Faults.IgnoresLimits(o), "Append_data_larger_than_the_limit_is_refused", "Append_more_tags_than_the_limit_is_refused", "Append_more_events_than_the_limit_over_several_streams_is_refused"),

        new(o => new Faults.TakesTheStartOfARangeForInclusive(o), "Read_a_stream_forwards_after_a_version_returns_exactly_that", "Read_a_stream_backwards_between_two_versions_returns_exactly_that"),
        new(o => new Faults.TakesTheEndOfARangeForExclusive(o), "Read_the_log_forwards_up_to_a_position_returns_exactly_that", "Read_the_log_backwards_of_a_single_position_returns_exactly_that"),
        new(o => new Faults.IgnoresUpToPosition(o), "Read_a_stream_forwards_up_to_a_position_of_another_stream_returns_exactly_that"),
        new(o => new Faults.ReadsBackwardsInForwardOrder(o), "Read_the_log_backwards_whole_returns_exactly_that"),
        new(o => new Faults.IgnoresTheLimitOfAPage(o), "Read_the_log_by_a_limit_shorter_than_the_range_is_not_at_its_end", "Read_the_log_forwards_whole_returns_exactly_that"),
        new(o => new Faults.StaysBeforeWhatDidNotMatch(o), "Read_the_log_where_nothing_matches_moves_past_all_of_it", "Read_the_log_whose_tail_does_not_match_moves_past_that_too"),
        new(o => new Faults.SaysTheEndOfThePageForTheHead(o), "Read_a_page_of_the_log_says_the_head_of_the_whole_log"),

        new(o => new Faults.EndsWaitsAtOnce(o), "Wait_in_an_empty_store_is_woken_by_the_first_append", "Wait_is_not_ended_by_a_refused_append"),
        new(o => new Faults.EndsWaitsOnAnyAppend(o), "Wait_beyond_the_head_is_not_ended_by_a_lower_position"),
        new(o => new Faults.WakesOneOfMany(o), "Wait_of_many_at_once_wakes_them_all"),
        new(o => new Faults.LeavesWaitersWhenDisposed(o), "Wait_while_the_storage_is_disposed_ends_with_an_error"),

        new(o => new CatalogFaults.OrdersStreamsByUtf16(o),
            "List_streams_orders_names_by_code_point", "List_streams_2_a_page_gives_each_once_and_then_the_end"),
        new(o => new CatalogFaults.TakesPrefixesForPatterns(o),
            "List_streams_that_begin_with_U005F_gives_exactly_those", "List_streams_that_begin_with_aU0025_gives_exactly_those"),
        new(o => new CatalogFaults.FoldsTheCaseOfPrefixes(o), "List_streams_that_begin_with_A_gives_exactly_those"),
        new(o => new CatalogFaults.ReadsPrefixesByCulture(o), "List_streams_that_begin_with_U00E4_gives_exactly_those"),
        new(o => new CatalogFaults.EndsPrefixesAtUFFFF(o), "List_streams_that_begin_with_aU002D_gives_exactly_those"),
        new(o => new CatalogFaults.TakesTheNameToBeginAfterForInclusive(o),
            "List_streams_after_a_name_begins_with_the_next_whether_or_not_there_is_a_stream_of_that_name"),
        new(o => new CatalogFaults.IgnoresThePrefixAfterAName(o),
            "List_streams_after_a_name_before_the_prefix_begins_with_the_first_of_the_prefix",
            "List_streams_after_a_name_beyond_the_prefix_is_empty",
            "List_streams_2_a_page_gives_each_once_and_then_the_end"),
        new(o => new CatalogFaults.LooksForTheStreamToBeginAfter(o),
            "List_streams_after_a_name_begins_with_the_next_whether_or_not_there_is_a_stream_of_that_name",
            "List_streams_after_a_name_before_the_prefix_begins_with_the_first_of_the_prefix"),
        new(o => new CatalogFaults.TakesAFullPageForTheEnd(o), "List_streams_1_a_page_gives_each_once_and_then_the_end"),
        new(o => new CatalogFaults.ReturnsOneStreamTooMany(o), "List_streams_7_a_page_gives_each_once_and_then_the_end"),
        new(o => new CatalogFaults.HidesTheLibrarysOwn(o),
            "List_streams_that_begin_with_U0024_gives_exactly_those", "List_streams_after_their_payloads_were_erased_gives_them_as_before"),
        new(o => new CatalogFaults.ListsStreamsWithoutEvents(o), "List_streams_leaves_out_those_without_events"),
        new(o => new CatalogFaults.GivesTheHeadForTheLastPosition(o),
            "List_streams_gives_version_position_and_stamp_of_the_last_event_of_each"),
        new(o => new CatalogFaults.GivesTheStampOfNow(o), "List_streams_gives_version_position_and_stamp_of_the_last_event_of_each"),
        new(o => new CatalogFaults.ReadsEachStreamOfAPageApart(o), "List_streams_while_batches_are_appended_sees_each_whole_or_not_at_all"),
        new(o => new CatalogFaults.LosesStreamsOfErasedEvents(o), "List_streams_after_their_payloads_were_erased_gives_them_as_before"),
        new(o => new CatalogFaults.AnswersAnyPrefix(o),
            "List_streams_by_a_text_that_cannot_be_a_name_aU0000b_is_a_bad_argument", "List_no_streams_or_fewer_is_a_bad_argument"),
        new(o => new CatalogFaults.OrdersTypesByUtf16(o), "List_event_types_orders_names_by_code_point"),
        new(o => new CatalogFaults.CountsRepetitions(o), "List_event_types_counts_no_refused_and_no_repeated_event"),
        new(o => new CatalogFaults.EstimatesCounts(o),
            "List_event_types_gives_count_first_and_last_position_of_each", "List_event_types_of_1000_events_counts_each"),
        new(o => new CatalogFaults.CountsNoErasedEvents(o), "List_event_types_after_payloads_were_erased_counts_the_events_as_before"),
        new(o => new CatalogFaults.ReadsCountsApart(o), "List_event_types_while_batches_are_appended_sees_each_whole_or_not_at_all"),
        new(o => new CatalogFaults.OrdersReadModelsByUtf16(o), "List_read_models_gives_fields_and_aliases_of_each_ordered_by_code_point"),
        new(o => new CatalogFaults.SortsFields(o), "List_read_models_gives_fields_and_aliases_of_each_ordered_by_code_point"),
        new(o => new CatalogFaults.ForgetsAliases(o), "List_read_models_after_one_was_dropped_and_an_alias_moved_gives_what_is_left"),
        new(o => new CatalogFaults.NeverLooksAgain(o), "List_read_models_after_one_was_dropped_and_an_alias_moved_gives_what_is_left"),
        new(o => new CatalogFaults.GivesASizeThatDoesNotAddUp(o), "Get_the_size_gives_bytes_in_parts_that_add_up_or_none"),
        new(o => new CatalogFaults.SaysThatTheStoreIsEmpty(o), "Get_the_size_gives_bytes_in_parts_that_add_up_or_none"),
        new(o => new CatalogFaults.ListsWhatWasCancelled(o), "List_already_cancelled_is_cancelled"),
        new(o => new CatalogFaults.ListsWhenDisposed(o), "List_after_the_storage_was_disposed_is_refused"),

        new(o => new ReadModelFaults.IgnoresGuards(o),
            "Commit_with_a_guard_of_other_bytes_is_refused_and_changes_nothing", "Commit_with_guards_alone_that_are_not_met_is_a_conflict", "Race_of_8_writers_on_one_guard_lets_exactly_one_win"),
        new(o => new ReadModelFaults.ChecksOnlyTheFirstGuard(o), "Commit_with_only_its_second_guard_unmet_is_refused_and_changes_nothing", "Commit_with_the_last_of_100_guards_unmet_is_refused_and_changes_nothing"),
        new(o => new ReadModelFaults.NamesTheLastGuard(o), "Commit_with_two_guards_unmet_names_the_first_and_is_refused_and_changes_nothing"),
        new(o => new ReadModelFaults.DoesNotGuardAbsence(o), "Commit_with_a_guard_of_absence_where_there_is_a_document_is_refused_and_changes_nothing", "Race_of_8_creating_what_must_be_absent_lets_exactly_one_win"),
        new(o => new ReadModelFaults.TakesAnEmptyExpectationForAbsence(o), "Commit_with_a_guard_of_an_empty_document_where_there_is_none_is_refused_and_changes_nothing", "Commit_with_a_guard_of_an_empty_document_takes_effect"),
        new(o => new ReadModelFaults.ChecksGuardsOutsideTheLock(o),
            "Race_of_8_writers_on_one_guard_lets_exactly_one_win", "Race_of_counting_writers_counts_every_step_once", "Race_of_2_writing_each_what_the_other_guards_lets_exactly_one_win"),
        new(o => new ReadModelFaults.WritesDocumentsBeforeRefusing(o), "Commit_with_a_guard_of_other_bytes_is_refused_and_changes_nothing", "Commit_an_alias_of_a_read_model_that_does_not_exist_is_refused_and_changes_nothing"),
        new(o => new ReadModelFaults.CommitsDocumentsApart(o), "Commit_with_a_guard_of_other_bytes_is_refused_and_changes_nothing", "Race_of_8_writers_on_one_guard_lets_exactly_one_win"),
        new(o => new ReadModelFaults.DropsInACommitOfTheirOwn(o), "Commit_a_change_of_a_read_model_that_does_not_exist_is_refused_and_changes_nothing"),
        new(o => new ReadModelFaults.DropsLast(o), "Drop_and_create_again_in_one_commit_starts_without_documents_and_aliases", "Drop_and_create_otherwise_in_one_commit_has_the_new_fields_only"),
        new(o => new ReadModelFaults.CommitsWhatWasCancelled(o), "Commit_a_read_model_already_cancelled_writes_nothing"),
        new(o => new ReadModelFaults.EmptiesWhatIsCreatedAgain(o), "Create_again_as_defined_leaves_the_documents"),
        new(o => new ReadModelFaults.LeavesWhatIsDefinedOtherwise(o), "Commit_a_creation_with_a_field_less_is_refused_and_changes_nothing", "Commit_a_creation_with_a_field_of_another_kind_is_refused_and_changes_nothing"),
        new(o => new ReadModelFaults.FoldsTheCaseOfReadModels(o), "Tell_read_models_apart_that_differ_in_case"),
        new(o => new ReadModelFaults.ForgetsToDropAliases(o), "Drop_a_read_model_removes_its_aliases"),
        new(o => new ReadModelFaults.NeverMovesAnAlias(o), "Alias_moved_reads_the_new_read_model_only"),
        new(o => new ReadModelFaults.DropsByAlias(o), "Drop_by_an_alias_leaves_alias_and_read_model"),
        new(o => new ReadModelFaults.WritesByAlias(o), "Commit_a_change_by_an_alias_is_refused_and_changes_nothing"),
        new(o => new ReadModelFaults.GuardsByAlias(o), "Commit_with_a_guard_of_a_document_by_an_alias_is_refused_and_changes_nothing", "Commit_with_a_guard_of_absence_by_an_alias_which_is_no_read_model_takes_effect"),
        new(o => new ReadModelFaults.ResolvesAliasesForQueriesOnly(o), "Load_by_an_alias_finds_the_documents_of_its_read_model"),
        new(o => new ReadModelFaults.LoadsDocumentsOneByOne(o), "Load_documents_while_they_are_committed_together_sees_them_alike"),
        new(o => new ReadModelFaults.LoadsDocumentsInTheOrderOfKeys(o), "Load_several_documents_returns_them_in_the_order_of_the_keys"),
        new(o => new ReadModelFaults.DeletesByEmptying(o), "Commit_a_deletion_removes_the_document"),
        new(o => new ReadModelFaults.TakesAnEmptyDocumentForADeletion(o), "Commit_an_empty_document_is_not_a_deletion"),
        new(o => new ReadModelFaults.KeepsTheMemoryOfCommits(o),
            "Commit_then_overwrite_the_bytes_leaves_the_document_as_it_was", "Commit_then_overwrite_the_field_values_leaves_the_document_as_it_was", "Commit_then_overwrite_the_definition_leaves_the_read_model_as_it_was"),
        new(o => new ReadModelFaults.SharesLoadedDocuments(o), "Load_then_overwrite_the_bytes_leaves_the_document_as_it_was", "Load_one_key_twice_then_overwrite_one_leaves_the_other"),
        new(o => new ReadModelFaults.StaysOpenWhenDisposed(o), "Commit_after_the_storage_was_disposed_is_refused", "Query_after_the_storage_was_disposed_is_refused"),
        new(o => new ReadModelFaults.IgnoresTables(o), "Commit_tables_and_documents_writes_both_or_is_refused", "Commit_tables_alone_writes_them_or_is_refused"),
        new(o => new ReadModelFaults.ClaimsToHaveTables(o), "Commit_tables_and_documents_writes_both_or_is_refused", "Commit_tables_that_throw_undoes_rows_and_documents_or_is_refused"),

        new(o => new DocumentQueryFaults.OrdersByUtf16(o), "Query_ordered_by_Text_ascending_has_missing_values_first_and_ties_by_key", "Query_ordered_by_key_descending_orders_by_code_point"),
        new(o => new DocumentQueryFaults.OrdersTextWithoutCase(o), "Query_ordered_by_Text_ascending_has_missing_values_first_and_ties_by_key"),
        new(o => new DocumentQueryFaults.OrdersNumbersAsText(o), "Query_ordered_by_WholeNumber_ascending_has_missing_values_first_and_ties_by_key", "Query_ordered_by_Number_descending_has_missing_values_last_and_ties_by_key"),
        new(o => new DocumentQueryFaults.OrdersWholeNumbersAsDoubles(o), "Query_ordered_by_WholeNumber_descending_has_missing_values_last_and_ties_by_key"),
        new(o => new DocumentQueryFaults.BreaksTiesByInsertion(o), "Query_ordered_by_Number_ascending_has_missing_values_first_and_ties_by_key", "Query_orders_documents_whatever_the_order_of_writing"),
        new(o => new DocumentQueryFaults.ForgetsKeysWhenDescending(o), "Query_ordered_by_Text_descending_has_missing_values_last_and_ties_by_key"),
        new(o => new DocumentQueryFaults.PutsMissingValuesLast(o), "Query_ordered_by_Number_ascending_has_missing_values_first_and_ties_by_key", "Query_ordered_by_Number_descending_has_missing_values_last_and_ties_by_key"),
        new(o => new DocumentQueryFaults.LosesTheValueThatOrders(o), "Query_ordered_by_Text_ascending_has_missing_values_first_and_ties_by_key"),
        new(o => new DocumentQueryFaults.PagesLoseTies(o), "Page_by_2_ordered_by_Pages_ascending_returns_each_document_once", "Page_by_1_ordered_by_Title_descending_returns_each_document_once"),
        new(o => new DocumentQueryFaults.PagesRepeatTheLast(o), "Page_by_3_ordered_by_key_ascending_returns_each_document_once", "Page_by_7_ordered_by_Price_descending_returns_each_document_once"),
        new(o => new DocumentQueryFaults.PagesEndAtMissingValues(o), "Page_by_7_ordered_by_Pages_ascending_returns_each_document_once"),
        new(o => new DocumentQueryFaults.PagesNeverReachMissingValues(o), "Page_by_7_ordered_by_Pages_descending_returns_each_document_once"),
        new(o => new DocumentQueryFaults.PagesNeedTheDocumentOfTheCursor(o),
            "Page_after_a_document_deleted_meanwhile_ordered_by_Title_ascending_goes_on_behind_its_place", "Page_after_a_key_that_was_never_there_begins_behind_its_place"),
        new(o => new DocumentQueryFaults.EqualMissesMissingValues(o), "Query_Text_that_is_missing_finds_exactly_the_documents_without_one", "Query_by_conditions_on_two_missing_values_finds_exactly_those"),
        new(o => new DocumentQueryFaults.BelowIncludesMissingValues(o), "Query_WholeNumber_Below_each_value_finds_exactly_those", "Query_Text_AtMost_each_value_finds_exactly_those"),
        new(o => new DocumentQueryFaults.AtLeastExcludesTheValue(o), "Query_Number_AtLeast_each_value_finds_exactly_those"),
        new(o => new DocumentQueryFaults.EqualIgnoresCase(o), "Query_by_conditions_on_a_text_in_another_case_finds_exactly_those", "Query_Text_Equal_each_value_finds_exactly_those"),
        new(o => new DocumentQueryFaults.ComparesWholeNumbersAsDoubles(o), "Query_WholeNumber_Above_each_value_finds_exactly_those", "Query_WholeNumber_Equal_each_value_finds_exactly_those"),
        new(o => new DocumentQueryFaults.LooksAtTheFirstConditionOnly(o),
            "Query_by_conditions_on_two_fields_finds_exactly_those", "Query_Text_between_two_values_finds_exactly_those", "Query_at_random_from_seed_1_agrees_with_a_plain_list"),
        new(o => new DocumentQueryFaults.CountsWithoutConditions(o), "Query_by_conditions_on_two_fields_finds_exactly_those", "Query_at_random_from_seed_2_agrees_with_a_plain_list"),
        new(o => new DocumentQueryFaults.CountsOnePage(o), "Query_600_documents_returns_256_unless_told_and_all_when_told"),
        new(o => new DocumentQueryFaults.FindsNothingByAnUnknownField(o), "Query_by_a_condition_on_a_field_that_is_not_there_says_so", "Count_by_an_alias_and_a_condition_on_a_field_that_is_not_there_says_so"),
        new(o => new DocumentQueryFaults.FindsNothingByAValueOfAnotherKind(o), "Query_a_field_of_Text_by_a_Number_is_a_bad_argument"),
        new(o => new DocumentQueryFaults.TellsTheCaseOfFieldsApart(o), "Query_by_conditions_by_field_names_in_another_case_finds_exactly_those"),
        new(o => new DocumentQueryFaults.LeavesFieldValuesStale(o), "Query_after_a_value_has_changed_finds_the_document_by_the_new_one_only", "Query_after_a_value_has_gone_finds_the_document_among_those_without"),
        new(o => new DocumentQueryFaults.ReadsFieldsAndDocumentsApart(o), "Query_while_two_documents_change_together_sees_them_alike"),

        new(o => new AppendedReadModelFaults.ShowsPositionsThatOthersHave(o), "Append_with_read_models_shows_them_its_events_as_they_will_stand", "Race_of_8_appending_with_a_count_counts_every_event"),
        new(o => new AppendedReadModelFaults.ShowsStampsOfTheBareClock(o), "Append_with_read_models_after_the_clock_went_back_shows_them_the_last_stamp"),
        new(o => new AppendedReadModelFaults.ShowsNoMetadata(o), "Append_with_read_models_shows_them_its_events_as_they_will_stand"),
        new(o => new AppendedReadModelFaults.ShowsTheLogWithTheAppend(o), "Append_with_read_models_reads_the_log_as_of_before", "Append_with_read_models_reads_1000_events_of_the_log_page_by_page"),
        new(o => new AppendedReadModelFaults.AsksTwice(o), "Append_with_read_models_asks_for_them_once"),
        new(o => new AppendedReadModelFaults.AppendsWhereReadModelsThrow(o),
            "Append_with_read_models_that_throw_at_once_is_refused_and_changes_nothing", "Append_with_read_models_that_fail_after_they_have_loaded_is_refused_and_changes_nothing", "Race_of_appends_with_a_count_of_which_every_third_throws_counts_exactly_the_others"),
        new(o => new AppendedReadModelFaults.IgnoresGuardsWithinAppends(o), "Append_with_read_models_with_a_guard_of_other_bytes_is_refused_and_changes_nothing"),
        new(o => new AppendedReadModelFaults.WritesDocumentsWithinAppendsOnly(o), "Append_with_read_models_drops_creates_and_aliases_too"),
        new(o => new AppendedReadModelFaults.CommitsDocumentsAfterTheEvents(o),
            "Append_with_read_models_with_a_guard_of_other_bytes_is_refused_and_changes_nothing", "Append_with_read_models_a_key_twice_is_refused_and_changes_nothing", "Race_of_8_appending_with_a_count_counts_every_event"),
        new(o => new AppendedReadModelFaults.FoldsBeforeTheLock(o), "Race_of_8_appending_with_a_count_counts_every_event", "Race_of_appends_with_a_count_and_guarded_commits_to_it_counts_both"),
        new(o => new AppendedReadModelFaults.AsksForARepetition(o), "Append_again_with_read_models_does_not_ask_for_them_and_changes_nothing"),
        new(o => new AppendedReadModelFaults.AsksBeforeGuards(o), "Append_at_a_wrong_version_does_not_ask_for_its_read_models", "Append_on_a_failed_condition_does_not_ask_for_its_read_models"),
        new(o => new AppendedReadModelFaults.AsksWhenCancelled(o), "Append_with_read_models_already_cancelled_writes_nothing_and_does_not_ask_for_them"),

        new(o => new LedgerFaults.PutsStreamsOneAfterAnother(o), "Append_to_several_streams_adds_leaves_in_the_order_of_positions", "Race_of_appends_ends_with_the_tree_over_all_of_them"),
        new(o => new LedgerFaults.ForgetsTags(o), "Append_with_tags_has_them_in_the_leaf_in_the_order_given", "Append_leaves_hold_exactly_what_was_appended"),
        new(o => new LedgerFaults.SortsTags(o), "Append_with_tags_has_them_in_the_leaf_in_the_order_given"),
        new(o => new LedgerFaults.ForgetsMetadata(o), "Append_with_metadata_has_it_in_the_leaf", "Append_leaves_hold_exactly_what_was_appended"),
        new(o => new LedgerFaults.CutsInstantsToMilliseconds(o), "Append_at_any_instant_has_it_in_the_leaf_to_the_precision_of_100_ns"),
        new(o => new LedgerFaults.CommitsToChangedData(o), "Append_leaves_hold_exactly_what_was_appended", "Append_events_of_any_size_commits_to_all_of_their_data"),
        new(o => new LedgerFaults.CommitsToTheBeginningOfLargeData(o), "Append_events_of_any_size_commits_to_all_of_their_data", "Read_leaves_of_large_events_equals_those_of_the_events"),
        new(o => new LedgerFaults.HashesLeavesAsNodes(o), "Get_the_frontier_after_1_events_is_that_of_their_leaves", "Prove_that_events_are_in_the_log_for_random_positions_and_sizes"),
        new(o => new LedgerFaults.HasOneSaltForAll(o), "Read_with_seals_gives_each_event_16_bytes_of_its_own", "Append_equal_events_gives_each_a_leaf_of_its_own"),
        new(o => new LedgerFaults.DrawsSaltsAnewForEachRead(o), "Read_with_seals_again_gives_the_same_ones", "Get_the_frontier_after_3_events_is_that_of_their_leaves"),
        new(o => new LedgerFaults.GivesSealsToAll(o), "Read_without_asking_gives_no_seals"),
        new(o => new LedgerFaults.GivesSealsWithoutFilterOnly(o), "Read_with_seals_backwards_and_by_a_filter_gives_those_of_each_event"),
        new(o => new LedgerFaults.NeverMovesTheFrontier(o), "Get_the_frontier_after_256_events_is_that_of_their_leaves", "Get_the_frontier_after_an_own_append_holds_it_while_others_append"),
        new(o => new LedgerFaults.MovesTheFrontierLate(o), "Get_the_frontier_while_others_append_has_every_event_that_was_seen_before"),
        new(o => new LedgerFaults.MovesTheFrontierForRefusedAppends(o),
            "Append_refused_for_its_version_leaves_the_tree_as_it_was", "Append_refused_for_its_condition_leaves_the_tree_as_it_was", "Append_refused_for_an_argument_leaves_the_tree_as_it_was",
            "Append_refused_for_an_id_that_is_stored_leaves_the_tree_as_it_was", "Append_refused_by_its_read_models_leaves_the_tree_as_it_was"),
        new(o => new LedgerFaults.MovesTheFrontierForRepetitions(o), "Append_again_adds_no_leaf"),
        new(o => new LedgerFaults.ShowsTheFrontierWithinBatches(o), "Get_the_frontier_while_others_append_is_always_that_of_whole_batches"),
        new(o => new LedgerFaults.SharesItsFrontier(o), "Get_the_frontier_then_append_to_it_leaves_that_of_the_storage"),
        new(o => new LedgerFaults.ReadsNothingBeyondTheTree(o), "Read_beyond_the_tree_is_refused", "Read_from_a_negative_index_or_level_is_refused"),
        new(o => new LedgerFaults.HasNoTiles(o), "Get_the_frontier_after_256_events_is_that_of_their_leaves", "Make_the_frontier_of_an_earlier_size_from_leaves_and_tiles"),
        new(o => new LedgerFaults.ShiftsTiles(o), "Get_the_frontier_after_513_events_is_that_of_their_leaves", "Read_tiles_one_by_one_and_together_is_alike"),
        new(o => new LedgerFaults.FindsWhatIsNotWrong(o), "Audit_a_sound_store_gives_all_events_with_their_seals_its_tiles_and_no_finding", "Audit_while_others_append_finds_nothing"),
        new(o => new LedgerFaults.AuditsWithoutTiles(o), "Audit_a_sound_store_gives_all_events_with_their_seals_its_tiles_and_no_finding"),
        new(o => new LedgerFaults.AnswersWhenDisposed(o), "Read_the_tree_after_the_storage_was_disposed_is_refused"),
        new(o => new LedgerFaults.ErasesNothing(o), "Erase_an_event_empties_its_data_and_leaves_all_else", "Erase_is_seen_by_every_kind_of_read", "Race_of_8_erasing_and_appending_erases_all_and_keeps_the_tree"),
        new(o => new LedgerFaults.KeepsErasedData(o), "Erase_an_event_empties_its_data_and_leaves_all_else", "Erase_70000_bytes_of_data_empties_them"),
        new(o => new LedgerFaults.ErasesWithoutTheCommitment(o), "Erase_puts_the_commitment_in_the_place_of_the_salt", "Erase_leaves_every_leaf_and_root_as_it_was"),
        new(o => new LedgerFaults.ErasesMetadataToo(o), "Erase_an_event_empties_its_data_and_leaves_all_else", "Erase_all_events_one_by_one_empties_each"),
        new(o => new LedgerFaults.ErasesTagsToo(o), "Erase_an_event_empties_its_data_and_leaves_all_else", "Erase_several_events_of_several_streams_empties_exactly_those"),
        new(o => new LedgerFaults.DoesNotSayThatItErased(o), "Erase_an_event_empties_its_data_and_leaves_all_else", "Erase_is_seen_by_every_kind_of_read"),
        new(o => new LedgerFaults.SaysThatItErasedWithSealsOnly(o), "Erase_is_seen_by_every_kind_of_read"),
        new(o => new LedgerFaults.TakesEmptyDataForErased(o), "Erase_0_bytes_of_data_empties_them"),
        new(o => new LedgerFaults.ErasesAfterTheAppend(o), "Read_while_payloads_are_erased_sees_each_with_its_record_or_not_at_all"),
        new(o => new LedgerFaults.ErasesThoughTheAppendIsRefused(o),
            "Erase_by_an_append_refused_for_its_version_erases_nothing", "Erase_by_an_append_refused_for_its_condition_erases_nothing", "Erase_by_an_append_refused_by_its_read_models_erases_nothing", "Erase_beyond_the_head_is_refused_and_erases_nothing"),
        new(o => new LedgerFaults.ErasesWhatIsNotThere(o), "Erase_beyond_the_head_is_refused_and_erases_nothing", "Erase_a_record_of_erasures_is_refused_and_erases_nothing", "Erase_what_the_same_append_stores_is_refused"),
        new(o => new LedgerFaults.ComparesErasedDataOfRepetitions(o), "Append_again_what_was_erased_since_returns_the_original_result"),
        new(o => new LedgerFaults.CommitsToNothingWhereErased(o), "Erase_leaves_every_leaf_and_root_as_it_was", "Erase_leaves_every_proof_valid"),

        new(o => new ImportFaults.ImportsInParts(o),
            "Import_a_version_that_is_not_the_next_is_refused", "Import_an_id_that_is_stored_is_refused", "Import_a_stamp_before_that_of_the_event_before_it_is_refused"),
        new(o => new ImportFaults.ClosesGaps(o), "Import_positions_after_the_next_is_refused_as_a_gap", "Import_another_log_into_a_store_that_has_events_is_refused"),
        new(o => new ImportFaults.CorrectsVersions(o), "Import_a_version_that_is_not_the_next_is_refused"),
        new(o => new ImportFaults.SkipsWhatIsStored(o), "Import_again_is_refused_whole_or_in_part", "Import_an_id_that_is_stored_is_refused"),
        new(o => new ImportFaults.DrawsSaltsAnew(o), "Import_a_whole_log_makes_the_same_log_with_the_same_tree", "Import_a_log_by_7_events_at_a_time_goes_on_where_it_stopped"),
        new(o => new ImportFaults.HasOneSaltForAllImports(o), "Import_events_without_places_gives_them_the_next_ones_and_keeps_their_stamps"),
        new(o => new ImportFaults.ForgetsTagsOfImports(o),
            "Import_a_whole_log_makes_the_same_log_with_the_same_tree", "Import_events_are_found_by_every_query_and_guard_every_append", "Import_events_that_are_then_appended_is_a_repetition"),
        new(o => new ImportFaults.ForgetsMetadataOfImports(o),
            "Import_a_whole_log_makes_the_same_log_with_the_same_tree", "Import_events_without_places_gives_them_the_next_ones_and_keeps_their_stamps"),
        new(o => new ImportFaults.StampsImportsWithTheClock(o),
            "Import_a_whole_log_makes_the_same_log_with_the_same_tree", "Import_events_without_places_gives_them_the_next_ones_and_keeps_their_stamps"),
        new(o => new ImportFaults.CutsStampsToMilliseconds(o), "Import_events_without_places_gives_them_the_next_ones_and_keeps_their_stamps"),
        new(o => new ImportFaults.RaisesStamps(o), "Import_events_without_places_stamped_before_the_last_event_is_refused", "Import_a_stamp_before_that_of_the_event_before_it_is_refused"),
        new(o => new ImportFaults.LowersStampsOfTheFuture(o), "Import_events_without_places_stamped_later_than_now_is_refused"),
        new(o => new ImportFaults.RefusesStampsOfTheFutureWithPlacesToo(o), "Import_with_places_stamped_later_than_now_keeps_the_stamps"),
        new(o => new ImportFaults.TellsStampsBeforeIds(o), "Import_again_without_places_is_refused_for_its_ids_and_not_for_its_stamps"),
        new(o => new ImportFaults.RevivesErasedEvents(o), "Import_erased_events_keeps_them_erased_with_their_commitments"),
        new(o => new ImportFaults.DoesNotEraseWhatRecordsName(o),
            "Import_the_record_of_an_erasure_that_was_made_since_erases_what_was_imported_before", "Import_a_record_together_with_what_it_names_erases_it_if_it_was_read_before"),
        new(o => new ImportFaults.KeepsTheMemoryOfImports(o), "Import_keeps_nothing_of_the_callers_memory"),
        new(o => new ImportFaults.DoesNotWakeByImports(o), "Import_wakes_those_who_wait"),
        new(o => new ImportFaults.ImportsWhenCancelled(o), "Import_already_cancelled_writes_nothing"),
        new(o => new ImportFaults.ValidatesNoImport(o), "Import_a_tag_twice_is_refused", "Import_a_seal_without_a_place_is_refused", "Import_an_erased_event_without_a_place_is_refused"),

        new(o => new MoveFaults.OnlyRemembers(o), "Mark_as_moved_refuses_every_append", "Mark_as_moved_refuses_every_import", "Mark_as_moved_refuses_every_erasure"),
        new(o => new MoveFaults.RefusesAppendsOnly(o),
            "Mark_as_moved_refuses_every_import", "Mark_as_moved_refuses_a_commit_of_documents", "Mark_as_moved_still_returns_the_result_of_a_repetition"),
        new(o => new MoveFaults.IgnoresTheHead(o), "Mark_as_moved_at_another_head_changes_nothing"),
        new(o => new MoveFaults.MovesOn(o), "Mark_as_moved_again_is_the_same_and_elsewhere_is_refused"),
        new(o => new MoveFaults.ForgetsWhere(o), "Mark_as_moved_refuses_every_append"),
        new(o => new MoveFaults.KeepsTheMark(o), "Take_the_mark_away_lets_writes_go_on"),

        new(s => new ReadOnlyFaults.DoesNotSayThatItIsReadOnly(s), "Open_read_only_says_so"),
        new(s => new ReadOnlyFaults.AppendsThoughReadOnly(s), "Append_read_only_is_refused", "Append_read_only_what_is_stored_already_is_refused"),
        new(s => new ReadOnlyFaults.ReturnsTheResultOfWhatIsStored(s), "Append_read_only_what_is_stored_already_is_refused"),
        new(s => new ReadOnlyFaults.ChecksGuardsFirst(s), "Append_read_only_whose_guards_fail_is_refused_as_read_only"),
        new(s => new ReadOnlyFaults.AsksForReadModelsFirst(s), "Append_read_only_does_not_ask_for_its_read_models"),
        new(s => new ReadOnlyFaults.ErasesThoughReadOnly(s), "Append_read_only_that_erases_is_refused"),
        new(s => new ReadOnlyFaults.ImportsThoughReadOnly(s), "Import_read_only_is_refused"),
        new(s => new ReadOnlyFaults.CommitsThoughReadOnly(s),
            "Commit_documents_read_only_is_refused", "Commit_a_new_read_model_read_only_is_refused", "Commit_an_alias_read_only_is_refused",
            "Commit_a_read_model_to_drop_read_only_is_refused", "Commit_a_guard_that_fails_read_only_is_refused"),
        new(s => new ReadOnlyFaults.LetsEmptyCommitsPass(s), "Commit_nothing_read_only_is_refused"),
        new(s => new ReadOnlyFaults.RunsSqlFirst(s), "Commit_tables_read_only_is_refused_and_runs_no_SQL"),
        new(s => new ReadOnlyFaults.RefusesAsNotSupported(s), "Append_read_only_is_refused"),
        new(s => new ReadOnlyFaults.ReadsAsOfWhenItWasOpened(s), "Read_read_only_sees_everything_as_another_has_written_it"),
        new(s => new ReadOnlyFaults.IsNotWoken(s), "Wait_read_only_is_woken_by_an_append_of_another"),
        new(s => new ReadOnlyFaults.DisposesTheOtherToo(s), "Dispose_read_only_leaves_the_store_to_the_others"),
    }.ToDictionary(fault => fault.Name);

    public static TheoryData<string> ReadOnlyTitles =>
        [.. EventStorageConformance.Cases.Where(c => c.Rule == ConformanceRule.ReadOnly).Select(c => c.Title)];

    public static TheoryData<string> FaultNames => new(All.Keys);

    /// <summary>Most faults show every time; one that needs two threads to meet may take a few tries on a busy machine.</summary>
    private const int TriesToMeetARace = 50;

    [Theory]
    [Trait("Speed", "Slow")]
    [MemberData(nameof(FaultNames))]
    public async Task Run_on_a_storage_with_one_fault_fails_the_cases_about_it(string fault)
    {
        foreach (var title in All[fault].CaughtBy)
        {
            var isCaught = false;
            for (var tries = 0; tries < TriesToMeetARace && !isCaught; tries++) isCaught = await FailsAsync(title, fault);
            isCaught.Should().BeTrue($"'{title}' is about what the storage '{fault}' does wrong");
        }
    }

    private static async Task<bool> FailsAsync(string title, string fault)
    {
        try
        {
            await EventStorageConformance.Get(title).RunAsync(All[fault].Fixture);
            return false;
        }
        catch (ConformanceException)
        {
            return true;
        }
    }

    [Theory]
    [MemberData(nameof(ReadOnlyTitles))]
    public Task Run_on_a_right_storage_opened_read_only_passes(string title) => EventStorageConformance.Get(title).RunAsync(
        new Fixture(o => new InMemoryEventStorage(o), readOnly: s => new ReadOnlyFaults.ReadsOnly(s)));

    [Fact]
    public async Task Run_on_a_storage_that_does_nothing_fails_every_case_that_stores_anything()
    {
        var passed = new List<string>();
        foreach (var @case in EventStorageConformance.Cases)
        {
            try
            {
                await @case.RunAsync(new Fixture(o => new Faults.DoesNothing(o), TimeSpan.FromSeconds(1)));
                passed.Add(@case.Title);
            }
            catch (ConformanceException)
            {
            }
        }

        // What is left is said of a store in which there is nothing.
        passed.Should().BeSubsetOf(
        [
            "Open_an_empty_storage_has_head_0_and_no_events",
            "Options_are_those_that_the_storage_was_opened_with",
            "Read_the_log_of_an_empty_store_is_empty_and_at_its_end",
            "Get_the_frontier_of_an_empty_store_is_that_of_the_empty_tree",
        ]);
    }

    [Fact]
    public void List_the_cases_gives_at_least_1100_titles_in_words()
    {
        EventStorageConformance.Cases.Should().HaveCountGreaterThanOrEqualTo(1100);
        EventStorageConformance.Cases.Select(c => c.Title).Should().OnlyHaveUniqueItems().And.AllSatisfy(title => title.Should().MatchRegex("^[A-Z][A-Za-z0-9]*(_[A-Za-z0-9]+)+$"));
        EventStorageConformance.Cases.Select(c => c.Rule).Distinct().Should().BeEquivalentTo(Enum.GetValues<ConformanceRule>(), "every part of the contract has cases");
    }

    [Fact]
    public void Get_a_case_that_is_not_there_throws()
    {
        var get = () => EventStorageConformance.Get("Nothing_of_the_kind_exists");
        get.Should().Throw<ArgumentException>().WithMessage("*'Nothing_of_the_kind_exists'*");
    }

    [Fact]
    public async Task Run_a_case_that_fails_says_what_was_expected_and_what_happened()
    {
        var run = () => EventStorageConformance.Get("Append_expecting_version_1_of_a_stream_at_version_2_is_refused").RunAsync(new Fixture(o => new Faults.IgnoresExpectedVersions(o)));
        (await run.Should().ThrowAsync<ConformanceException>()).WithMessage("Expected the append to fail with WrongExpectedVersionException, but it succeeded.");
    }

    [Fact]
    public async Task Run_a_case_that_waits_in_vain_says_for_what()
    {
        var run = () => EventStorageConformance.Get("Wait_of_many_at_once_wakes_them_all").RunAsync(new Fixture(o => new Faults.WakesOneOfMany(o), TimeSpan.FromMilliseconds(500)));
        (await run.Should().ThrowAsync<ConformanceException>()).WithMessage("*expected an append to wake a wait, but it had not happened after 0.5 s.");
    }

    [Fact]
    public async Task Run_a_case_already_cancelled_is_cancelled()
    {
        var run = () => EventStorageConformance.Cases[0].RunAsync(new Fixture(o => new InMemoryEventStorage(o)), new CancellationToken(canceled: true));
        await run.Should().ThrowAsync<OperationCanceledException>();
    }

    [Fact]
    public async Task Run_a_case_that_fails_after_it_was_given_up_leaves_nothing_unobserved()
    {
        var mark = Unobserved.NewMark();
        (await Unobserved.AfterAsync(mark, async () =>
        {
            var (asked, go) = (new ManualResetEventSlim(), new ManualResetEventSlim());
            var fixture = new Fixture(_ =>
            {
                asked.Set();
                go.Wait();
                throw new InvalidOperationException(mark);
            });
            using var cancel = new CancellationTokenSource();
            var run = EventStorageConformance.Cases[0].RunAsync(fixture, cancel.Token);
            asked.Wait();
            await cancel.CancelAsync();
            await FluentActions.Awaiting(() => run).Should().ThrowAsync<OperationCanceledException>();
            go.Set();
            await Task.Delay(50);
        })).Should().BeEmpty();
    }

    private sealed class Fixture(
        Func<EventStorageOptions, IEventStorage> open, TimeSpan? patience = null, Func<IEventStorage, IEventStorage>? readOnly = null) : IEventStorageFixture
    {
        // Some faults make a case wait for ever; nothing here that is right takes this long.
        public TimeSpan Patience => patience ?? TimeSpan.FromSeconds(5);

        public ValueTask<IEventStorage> CreateAsync(EventStorageOptions options, CancellationToken cancellationToken) => ValueTask.FromResult(open(options));

        public ValueTask<IEventStorage?> OpenReadOnlyAsync(IEventStorage storage, CancellationToken cancellationToken) =>
            ValueTask.FromResult(readOnly?.Invoke(storage));
    }

    private sealed class Fault
    {
        public Fault(Func<EventStorageOptions, IEventStorage> open, params string[] caughtBy)
            : this(open(new EventStorageOptions()), new Fixture(open), caughtBy)
        {
        }

        /// <summary>A fault of the storage that is opened read-only.</summary>
        public Fault(Func<IEventStorage, IEventStorage> readOnly, params string[] caughtBy)
            : this(readOnly(new InMemoryEventStorage()), new Fixture(o => new InMemoryEventStorage(o), readOnly: readOnly), caughtBy)
        {
        }

        private Fault(IEventStorage storage, IEventStorageFixture fixture, string[] caughtBy)
        {
            Name = storage.GetType().Name;
            Fixture = fixture;
            CaughtBy = caughtBy;
        }

        public string Name { get; }

        public IReadOnlyList<string> CaughtBy { get; }

        public IEventStorageFixture Fixture { get; }
    }
}
