/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "tpm_engine.h"

#include <criterion/criterion.h>

#include "tpm_commands.h"

static const struct vtpm_engine_state nothing = { 0 };

static struct vtpm_engine *
make_engine (enum vtpm_tpm_version version)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  struct vtpm_engine *engine = NULL;

  cr_assert_eq (vtpm_engine_new (version, &nothing, &engine, &error), 0, "%s",
                error != NULL ? vtpm_error_message (error) : "");
  return engine;
}

static struct vtpm_engine *
make_started_engine (enum vtpm_tpm_version version)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  struct vtpm_engine *engine = make_engine (version);

  cr_assert_eq (vtpm_engine_start (engine, &error), 0, "%s",
                error != NULL ? vtpm_error_message (error) : "");
  return engine;
}

/* Executes a command in memory of exactly its size.  */
static uint32_t
execute_bytes (struct vtpm_engine *engine, const uint8_t *bytes, size_t size,
               const uint8_t **response, size_t *response_size)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  _cleanup_free_ uint8_t *exact = malloc (size == 0 ? 1 : size);

  memcpy (exact, bytes, size);
  cr_assert_eq (vtpm_engine_process (engine, exact, size, response, response_size, &error), 0);
  return tpm_response_code (*response, *response_size);
}

static uint32_t
execute (struct vtpm_engine *engine, const char *text, const uint8_t **response,
         size_t *response_size)
{
  uint8_t command[VTPM_TPM_MESSAGE_MAX];
  size_t size = tpm_command_bytes (text, command);

  return execute_bytes (engine, command, size, response, response_size);
}

static uint32_t
execute_for_code (struct vtpm_engine *engine, const char *text)
{
  const uint8_t *response;
  size_t size;

  return execute (engine, text, &response, &size);
}

static void
check_usable (enum vtpm_tpm_version version, size_t capability_size)
{
  static const uint16_t response_tags[] = {
    [VTPM_TPM_2_0] = 0x8001, /* TPM_ST_NO_SESSIONS */
    [VTPM_TPM_1_2] = 0x00c4, /* TPM_TAG_RSP_COMMAND */
  };
  const struct tpm_commands *commands = &tpm_commands[version];
  _cleanup_engine_ struct vtpm_engine *engine = make_started_engine (version);
  struct vtpm_tpm_header header;
  uint8_t first[64];
  const uint8_t *response;
  size_t size;

  cr_assert_eq (execute (engine, commands->get_capability, &response, &size), 0);
  cr_assert_eq (size, capability_size);
  cr_assert (vtpm_tpm_header_read (response, size, &header));
  cr_assert_eq (header.tag, response_tags[version], "a TPM of another version");

  cr_assert_eq (execute (engine, commands->get_random, &response, &size), 0);
  cr_assert_leq (size, sizeof (first));
  memcpy (first, response, size);
  cr_assert_eq (execute (engine, commands->get_random, &response, &size), 0);
  cr_assert_neq (memcmp (first, response, size), 0, "the same random bytes twice");
}

Test (tpm_engine, is_usable_2_0)
{
  check_usable (VTPM_TPM_2_0, 27);
}

Test (tpm_engine, is_usable_1_2)
{
  check_usable (VTPM_TPM_1_2, 18);
}

/* A TPM 1.2 leaves many factories disabled and deactivated; in a container
   nobody could change that.  */
Test (tpm_engine, is_enabled_and_activated_1_2)
{
  static const char get_permanent_flags[] = "00c1" "00000016" "00000065"
                                            "00000004" "00000004" "00000108";
  _cleanup_engine_ struct vtpm_engine *engine = make_started_engine (VTPM_TPM_1_2);
  const uint8_t *response;
  size_t size;

  cr_assert_eq (execute (engine, get_permanent_flags, &response, &size), 0);
  /* TPM_PERMANENT_FLAGS after the header, a length and its tag: disable,
     ownership, deactivated.  */
  cr_assert_gt (size, 19);
  cr_assert_eq (response[16], 0, "disabled");
  cr_assert_eq (response[17], 1, "cannot be owned");
  cr_assert_eq (response[18], 0, "deactivated");
}

static void
check_pcr (enum vtpm_tpm_version version, size_t digest_size)
{
  static const uint8_t zeros[32];
  const struct tpm_commands *commands = &tpm_commands[version];
  _cleanup_engine_ struct vtpm_engine *engine = make_started_engine (version);
  const uint8_t *response;
  size_t size;

  cr_assert_eq (execute (engine, commands->read_pcr_10, &response, &size), 0);
  cr_assert_gt (size, digest_size);
  cr_assert_arr_eq (response + size - digest_size, zeros, digest_size);
  cr_assert_eq (execute_for_code (engine, commands->extend_pcr_10), 0);
  cr_assert_eq (execute (engine, commands->read_pcr_10, &response, &size), 0);
  cr_assert_arr_neq (response + size - digest_size, zeros, digest_size);
}

Test (tpm_engine, extends_a_pcr_2_0)
{
  check_pcr (VTPM_TPM_2_0, 32);
}

Test (tpm_engine, extends_a_pcr_1_2)
{
  check_pcr (VTPM_TPM_1_2, 20);
}

static void
check_locality (enum vtpm_tpm_version version)
{
  const struct tpm_commands *commands = &tpm_commands[version];
  _cleanup_engine_ struct vtpm_engine *engine = make_started_engine (version);

  cr_expect_eq (execute_for_code (engine, commands->extend_pcr_17), commands->wrong_locality);
  vtpm_engine_set_locality (engine, 1);
  cr_expect_eq (execute_for_code (engine, commands->extend_pcr_17), commands->wrong_locality);
  vtpm_engine_set_locality (engine, 3);
  cr_expect_eq (execute_for_code (engine, commands->extend_pcr_17), 0);
  vtpm_engine_set_locality (engine, 0);
  cr_expect_eq (execute_for_code (engine, commands->extend_pcr_17), commands->wrong_locality);
}

Test (tpm_engine, obeys_locality_2_0)
{
  check_locality (VTPM_TPM_2_0);
}

Test (tpm_engine, obeys_locality_1_2)
{
  check_locality (VTPM_TPM_1_2);
}

static void
check_life (enum vtpm_tpm_version version)
{
  const struct tpm_commands *commands = &tpm_commands[version];
  _cleanup_error_ struct vtpm_error *early = NULL;
  _cleanup_error_ struct vtpm_error *twice = NULL;
  _cleanup_error_ struct vtpm_error *late = NULL;
  _cleanup_engine_ struct vtpm_engine *engine = make_engine (version);

  cr_expect_eq (execute_for_code (engine, commands->get_random), commands->not_started);
  cr_expect_eq (vtpm_engine_shut_down (engine, &early), -1, "shut down before the start");
  cr_assert_eq (vtpm_engine_start (engine, NULL), 0);
  cr_expect_eq (execute_for_code (engine, commands->get_random), 0);
  cr_expect_eq (vtpm_engine_start (engine, &twice), -1, "started twice");
  cr_expect_not_null (strstr (vtpm_error_message (twice), "Startup was answered with code 0x"),
                      "%s", vtpm_error_message (twice));
  cr_expect_eq (vtpm_engine_shut_down (engine, &late), 0);
}

Test (tpm_engine, starts_and_shuts_down_2_0)
{
  check_life (VTPM_TPM_2_0);
}

Test (tpm_engine, starts_and_shuts_down_1_2)
{
  check_life (VTPM_TPM_1_2);
}

Test (tpm_engine, exists_once)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  _cleanup_engine_ struct vtpm_engine *engine = make_engine (VTPM_TPM_2_0);
  struct vtpm_engine *second = NULL;

  cr_assert_eq (vtpm_engine_new (VTPM_TPM_2_0, &nothing, &second, &error), -1);
  cr_assert_eq (vtpm_error_errnum (error), EBUSY);
  cr_assert_null (second);
  cr_assert_eq (vtpm_engine_start (engine, NULL), 0, "the first one is harmed");
}

/* What one TPM kept does not reach the next.  */
Test (tpm_engine, leaves_nothing_to_its_successor)
{
  static const char define_nv[] = "8002" "0000002d" "0000012a" "40000001" PASSWORD_AUTH "0000"
                                  "000e" "01500020" "000b" "00020002" "0000" "0008";
  static const char read_nv_public[] = "8001" "0000000e" "00000169" "01500020";
  struct vtpm_engine *engine = make_started_engine (VTPM_TPM_2_0);

  cr_assert_eq (execute_for_code (engine, define_nv), 0);
  cr_assert_eq (execute_for_code (engine, read_nv_public), 0);
  vtpm_engine_free (engine);
  engine = make_started_engine (VTPM_TPM_2_0);
  cr_assert_eq (execute_for_code (engine, read_nv_public), 0x18b, "not TPM_RC_HANDLE");
  vtpm_engine_free (engine);
}

Test (tpm_engine, free_of_nothing)
{
  vtpm_engine_free (NULL);
}

static void
check_malformed (enum vtpm_tpm_version version)
{
  const struct tpm_commands *commands = &tpm_commands[version];
  _cleanup_engine_ struct vtpm_engine *engine = make_started_engine (version);
  uint8_t command[VTPM_TPM_MESSAGE_MAX];
  size_t size = tpm_command_bytes (commands->get_random, command);
  const uint8_t *response;
  size_t response_size;

  for (size_t length = 0; length < size; length++)
    cr_expect_neq (execute_bytes (engine, command, length, &response, &response_size), 0,
                   "%zu bytes", length);
  command[5]++;
  cr_expect_eq (execute_bytes (engine, command, size, &response, &response_size),
                commands->wrong_size);
  command[2] = 0xff;
  cr_expect_eq (execute_bytes (engine, command, size, &response, &response_size),
                commands->wrong_size);
  memset (command, 0xff, sizeof (command));
  cr_expect_neq (execute_bytes (engine, command, sizeof (command), &response, &response_size), 0);
  cr_expect_neq (execute_bytes (engine, command, VTPM_TPM_HEADER_SIZE, &response, &response_size),
                 0);
  size = tpm_command_bytes (commands->get_random, command);
  command[0] ^= 0x40;
  cr_expect_eq (execute_bytes (engine, command, size, &response, &response_size),
                commands->wrong_tag);
  cr_expect_eq (execute_for_code (engine, commands->get_random), 0, "it still works");
}

Test (tpm_engine, survives_malformed_commands_2_0)
{
  check_malformed (VTPM_TPM_2_0);
}

Test (tpm_engine, survives_malformed_commands_1_2)
{
  check_malformed (VTPM_TPM_1_2);
}

static struct vtpm_engine_state
copy_state (const struct vtpm_engine_state *state)
{
  struct vtpm_engine_state copy = *state;
  uint8_t *permanent = malloc (state->permanent_size);
  uint8_t *volatile_state = malloc (state->volatile_size);

  memcpy (permanent, state->permanent, state->permanent_size);
  memcpy (volatile_state, state->volatile_state, state->volatile_size);
  copy.permanent = permanent;
  copy.volatile_state = volatile_state;
  return copy;
}

static void
check_revert (enum vtpm_tpm_version version)
{
  const struct tpm_commands *commands = &tpm_commands[version];
  _cleanup_error_ struct vtpm_error *error = NULL;
  _cleanup_engine_ struct vtpm_engine *engine = make_started_engine (version);
  struct vtpm_engine_state state;
  uint8_t before[64], random[64];
  const uint8_t *response;
  size_t size;

  cr_assert_eq (execute_for_code (engine, commands->extend_pcr_10), 0);
  cr_assert_eq (execute (engine, commands->read_pcr_10, &response, &size), 0);
  cr_assert_leq (size, sizeof (before));
  memcpy (before, response, size);
  cr_assert_eq (vtpm_engine_take_state (engine, &state, &error), 0);
  state = copy_state (&state);
  cr_assert_eq (execute (engine, commands->get_random, &response, &size), 0);
  memcpy (random, response, size);
  cr_assert_eq (execute_for_code (engine, commands->extend_pcr_10), 0);

  cr_assert_eq (vtpm_engine_revert (engine, &state, &error), 0, "%s",
                error != NULL ? vtpm_error_message (error) : "");
  cr_assert_eq (execute (engine, commands->get_random, &response, &size), 0);
  cr_expect_neq (memcmp (random, response, size), 0, "the random numbers are repeated");
  cr_assert_eq (execute (engine, commands->read_pcr_10, &response, &size), 0);
  cr_expect_arr_eq (response, before, size);
  free ((void *) state.permanent);
  free ((void *) state.volatile_state);
}

Test (tpm_engine, goes_back_2_0)
{
  check_revert (VTPM_TPM_2_0);
}

Test (tpm_engine, goes_back_1_2)
{
  check_revert (VTPM_TPM_1_2);
}

static void
check_bad_state (enum vtpm_tpm_version version, const uint8_t *permanent,
                 const uint8_t *volatile_state, size_t size)
{
  _cleanup_error_ struct vtpm_error *error = NULL;
  const struct vtpm_engine_state state = {
    .permanent = permanent,
    .permanent_size = size,
    .volatile_state = volatile_state,
    .volatile_size = size,
  };
  struct vtpm_engine *engine = NULL;

  cr_expect_eq (vtpm_engine_new (version, &state, &engine, &error), -1);
  cr_assert_not_null (error);
  cr_expect_not_null (strstr (vtpm_error_message (error), "state: result 0x"), "%s",
                      vtpm_error_message (error));
  cr_expect_null (engine);
}

Test (tpm_engine, refuses_a_state_that_is_none)
{
  static const uint8_t zeros[100];

  check_bad_state (VTPM_TPM_2_0, zeros, NULL, sizeof (zeros));
  check_bad_state (VTPM_TPM_1_2, zeros, NULL, sizeof (zeros));
  check_bad_state (VTPM_TPM_2_0, NULL, zeros, sizeof (zeros));
}

Test (tpm_engine, counts_what_is_stored)
{
  static const char define_nv[] = "8002" "0000002d" "0000012a" "40000001" PASSWORD_AUTH "0000"
                                  "000e" "01500020" "000b" "00020002" "0000" "0008";
  _cleanup_engine_ struct vtpm_engine *engine = make_started_engine (VTPM_TPM_2_0);
  uint64_t stores = vtpm_engine_stores (engine);

  cr_assert_eq (execute_for_code (engine, tpm_commands[VTPM_TPM_2_0].extend_pcr_10), 0);
  cr_expect_eq (vtpm_engine_stores (engine), stores);
  cr_assert_eq (execute_for_code (engine, define_nv), 0);
  cr_expect_gt (vtpm_engine_stores (engine), stores);
}
