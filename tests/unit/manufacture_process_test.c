/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "manufacture_process.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "ca.h"
#include "engine_ek.h"
#include "engine_pcr_banks.h"
#include "expect_error.h"
#include "temp_dir.h"
#include "tpm_seed.h"

TestSuite (manufacture_process, .init = make_temp_dir, .fini = remove_temp_dir, .timeout = 60);

/* Of a program that is a shell script.  */
static int
run_script (const char *script, struct vtpm_error **error)
{
  const struct vtpm_user user = { getuid (), getgid () };
  const struct vtpm_manufacture_start start = {
    .spec = { .version = VTPM_TPM_2_0, .pcr_banks = 1U << VTPM_PCR_SHA384 },
    .user = &user,
    .program = temp_path ("program"),
  };
  FILE *file = fopen (start.program, "we");
  int seed_fd = -1;
  int result;

  cr_assert_not_null (file);
  fprintf (file, "#!/bin/sh\n%s\n", script);
  cr_assert_eq (fchmod (fileno (file), 0755), 0);
  cr_assert_eq (fclose (file), 0);
  result = vtpm_manufacture_process_run (&start, vtpm_deadline_after_seconds (2), &seed_fd, error);
  cr_expect_eq (seed_fd, -1);
  cr_expect_eq (waitpid (-1, NULL, 0), -1, "a process was left");
  return result;
}

/* Descriptor 3 is the channel.  A type and a size, in the order of bytes that every
   machine has that this runs on; one printf is one message.  */
Test (manufacture_process, tells_how_it_went_wrong)
{
  static const struct
  {
    const char *script, *message;
    int errnum;
  } cases[] = {
    { "exit 3", "vtpm-manufacture ended unexpectedly: exit status 3", ECHILD },
    { "kill -KILL $$", "ended unexpectedly: killed by signal 9 (Killed)", ECHILD },
    { "printf '\\001\\004\\000\\000no luck' >&3", "cannot make the TPM: no luck", 0 },
    { "printf x >&3", "vtpm-manufacture: ", EPROTO },
    { "printf '\\000\\001\\000\\000' >&3", "sent message type 0x100 with 0 bytes", EPROTO },
    { "printf '\\000\\004\\000\\000\\001' >&3", "sent message type 0x400 with 1 bytes", EPROTO },
    { "printf '\\000\\004\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000' >&3",
      "made a state of 0 bytes", EPROTO },
    { "printf '\\000\\004\\000\\000\\001\\000\\020\\000\\000\\000\\000\\000' >&3",
      "made a state of 1048577 bytes", EPROTO },
    { "exec sleep 1000", "vtpm-manufacture did not finish in time", ETIMEDOUT },
  };

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    expect_error (run_script (cases[i].script, &error), cases[i].errnum, cases[i].message);
}

Test (manufacture_process, needs_its_program)
{
  const struct vtpm_user user = { getuid (), getgid () };
  const struct vtpm_manufacture_start start
      = { .spec = { .pcr_banks = 1 }, .user = &user, .program = temp_path ("none") };
  int seed_fd = -1;

  expect_error (vtpm_manufacture_process_run (&start, vtpm_deadline_after_seconds (60), &seed_fd,
                                              &error),
                0, "none: No such file or directory");
  cr_expect_eq (seed_fd, -1);
}

Test (manufacture_process, makes_a_tpm)
{
  const struct vtpm_user user = { getuid (), getgid () };
  const struct vtpm_manufacture_start start = {
    .spec = { .version = VTPM_TPM_2_0, .pcr_banks = 1U << VTPM_PCR_SHA384 },
    .user = &user,
    .program = MANUFACTURE,
  };
  _cleanup_secret_bytes_ struct vtpm_secret_bytes permanent = { 0 };
  _cleanup_engine_ struct vtpm_engine *engine = NULL;
  _cleanup_close_ int seed_fd = -1;
  struct vtpm_engine_state state = { 0 };

  assert_success (
      vtpm_manufacture_process_run (&start, vtpm_deadline_after_seconds (60), &seed_fd, &error));
  assert_success (vtpm_tpm_seed_read (seed_fd, &permanent, &error));
  state.permanent = permanent.data;
  state.permanent_size = permanent.size;
  assert_success (vtpm_engine_new (VTPM_TPM_2_0, &state, &engine, &error));
  assert_success (vtpm_engine_start (engine, &error));
  assert_success (vtpm_engine_expect_pcr_banks (engine, start.spec.pcr_banks, &error));
}

/* With the real programs, and an authority of the test's.  */

#define UUID "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0ff"

static void
write_script (const char *name, const char *command)
{
  FILE *file = fopen (temp_path (name), "we");

  cr_assert_not_null (file);
  fputs ("#!/bin/sh\n", file);
  fprintf (file, "%s\n", command);
  cr_assert_eq (fchmod (fileno (file), 0755), 0);
  cr_assert_eq (fclose (file), 0);
}

static void
make_authority (void)
{
  const struct vtpm_ca_place place = { .dir = temp_path ("ca") };
  char config[256], command[512];

  cr_assert_eq (mkdir (place.dir, 0700), 0);
  assert_success (vtpm_ca_create (&place, VTPM_CA_KEY_ECC_P384, "test", time (NULL), &error));
  snprintf (config, sizeof (config), "{\"stateDir\":\"%s\",\"ca\":{\"uri\":\"urn:uuid:{uuid}\"}}",
            temp_dir);
  write_temp_file ("config.json", config, strlen (config));
  snprintf (command, sizeof (command), "exec " AUTHORITY " --config %s \"$@\"",
            temp_path ("config.json"));
  write_script ("authority", command);
}

static int
make_with_keys (unsigned int eks, const char *program, const char *uuid, int *seed_fd,
                struct vtpm_error **error)
{
  const struct vtpm_user user = { getuid (), getgid () };
  const struct vtpm_manufacture_start start = {
    .spec = { .version = VTPM_TPM_2_0, .eks = eks },
    .user = &user,
    .program = MANUFACTURE,
    .ca = { .user = &user, .program = temp_path (program), .binding.uuid = uuid },
  };
  int result
      = vtpm_manufacture_process_run (&start, vtpm_deadline_after_seconds (60), seed_fd, error);

  cr_expect_eq (waitpid (-1, NULL, 0), -1, "a process was left");
  return result;
}

Test (manufacture_process, makes_a_tpm_with_certificates)
{
  const unsigned int eks = 1U << VTPM_KEY_ECC_P256 | 1U << VTPM_KEY_ECC_P384;
  _cleanup_secret_bytes_ struct vtpm_secret_bytes permanent = { 0 };
  _cleanup_engine_ struct vtpm_engine *engine = NULL;
  _cleanup_ca_index_ struct vtpm_ca_index index = { 0 };
  _cleanup_ca_ struct vtpm_ca *ca = NULL;
  _cleanup_close_ int seed_fd = -1;
  struct vtpm_engine_state state = { 0 };

  make_authority ();
  assert_success (make_with_keys (eks, "authority", UUID, &seed_fd, &error));
  assert_success (vtpm_tpm_seed_read (seed_fd, &permanent, &error));
  state.permanent = permanent.data;
  state.permanent_size = permanent.size;
  assert_success (vtpm_engine_new (VTPM_TPM_2_0, &state, &engine, &error));
  assert_success (vtpm_engine_start (engine, &error));
  assert_success (vtpm_engine_expect_eks (engine, VTPM_TPM_2_0, eks, NULL, &error));
  assert_success (
      vtpm_ca_open (&(struct vtpm_ca_place) { .dir = temp_path ("ca") }, &ca, &error));
  assert_success (vtpm_ca_read_index (ca, &index, &error));
  cr_assert_eq (index.count, 2);
  cr_expect_str_eq (index.entries[0].uuid, UUID);
  cr_expect_str_eq (index.entries[1].uuid, UUID);
}

Test (manufacture_process, makes_none_without_a_certificate)
{
  static const struct
  {
    const char *script, *message;
  } cases[] = {
    { "exit 3", "endorsement key ecc-p256: the certificate authority ended unexpectedly" },
    { "printf '\\002\\005\\000\\000closed today' >&3",
      "endorsement key ecc-p256: certificate authority: closed today" },
    { "printf '\\001\\005\\000\\000' >&3",
      "the certificate authority sent message type 0x501 with 0 bytes" },
    { "exec " AUTHORITY " --config /nonexistent/config.json --nonsense", "certificate authority: " },
  };
  int seed_fd = -1;

  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      write_script ("broken", cases[i].script);
      expect_error (make_with_keys (1U << VTPM_KEY_ECC_P256, "broken", UUID, &seed_fd, &error), 0,
                    cases[i].message);
    }
  expect_error (make_with_keys (1U << VTPM_KEY_ECC_P256, "none", UUID, &seed_fd, &error), 0,
                "certificate authority: cannot execute ");
  cr_expect_eq (seed_fd, -1);
}

/* Its settings want to name what there is not.  */
Test (manufacture_process, makes_none_for_nobody)
{
  int seed_fd = -1;

  make_authority ();
  expect_error (make_with_keys (1U << VTPM_KEY_ECC_P256, "authority", NULL, &seed_fd, &error), 0,
                "this TPM has no {uuid}");
  cr_expect_eq (seed_fd, -1);
}
