/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "vtpmctl_fixture.h"

/* Also vtpmctl export, which makes most of what is imported here.  */

static void
set_up (void)
{
  make_host ();
  write_host_key ("host.key", 7);
  write_temp_file ("key", "the key has two and thirty bytes", 32);
  write_temp_file ("key16", "this has sixteen", 16);
  write_temp_file ("password", "a passphrase", 12);
}

TestSuite (vtpmctl_import, .init = set_up, .fini = remove_host, .timeout = 60);

/* What begins like libtpms' permanent state.  */
#define TPM_2_0 "\3\3\xab\x36\x47\x23 and more"

static size_t
read_temp_file (const char *name, uint8_t content[4096])
{
  int fd = open (temp_path (name), O_RDONLY | O_CLOEXEC);
  ssize_t size = read (fd, content, 4096);

  cr_assert_gt (size, 0, "%s", name);
  close (fd);
  return (size_t) size;
}

static void
copy_sample (const char *sample, const char *name)
{
  uint8_t content[4096];
  char path[512];
  ssize_t size;
  int fd;

  snprintf (path, sizeof (path), "%s/%s", SWTPM_SAMPLES, sample);
  fd = open (path, O_RDONLY | O_CLOEXEC);
  size = read (fd, content, sizeof (content));
  cr_assert_gt (size, 0, "%s", path);
  close (fd);
  write_temp_file (name, content, (size_t) size);
}

static void
make_swtpm_dir (const char *name, const char *sample, const char *file)
{
  char path[100];

  cr_assert_eq (mkdir (temp_path (name), 0700), 0);
  snprintf (path, sizeof (path), "%s/%s", name, file);
  copy_sample (sample, path);
}

static void
expect_same (const char *one, const char *other)
{
  uint8_t contents[2][4096];
  size_t size = read_temp_file (one, contents[0]);

  cr_assert_eq (read_temp_file (other, contents[1]), size, "%s, %s", one, other);
  cr_expect_arr_eq (contents[0], contents[1], size, "%s, %s", one, other);
}

Test (vtpmctl_import, takes_what_export_makes)
{
  static const struct
  {
    const char *export;
    const char *import;
  } cases[] = {
    { "export web @copy", "import new @copy" },
    { "export web @copy --format native --key-file @key", "import new @copy --key-file @key" },
    { "export web @copy --format swtpm", "import tenant/new @copy" },
    { "export web @copy --format swtpm --key-file @key", "import new @copy --key-file @key" },
    { "export web @copy --format swtpm --key-file @key16", "import new @copy --key-file @key16" },
    { "export web @copy --format swtpm --password-file @password",
      "import new @copy --password-file @password" },
    { "export web @copy --format swtpm", "import new @copy/tpm2-00.permall" },
    { "export web @copy --format swtpm", "import new @copy --format swtpm" },
    { "export web @copy", "import new @copy --format native" },
  };

  make_instance ("web", 7, TPM_2_0);
  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      const char *name = strstr (cases[i].import, "tenant") != NULL ? "tenant/new" : "local/new";

      run_success (cases[i].export);
      cr_expect_str_eq (printed, "");
      run_success (cases[i].import);
      cr_expect_str_eq (printed, "");
      expect_instance (name, 7, TPM_2_0);
      assert_success (run (name[0] == 't' ? "rm tenant/new" : "rm new", &error));
      remove (temp_path ("copy/tpm2-00.permall"));
      remove (temp_path ("copy"));
    }
  expect_instance ("web", 7, TPM_2_0);
}

/* Whose generations count on their own.  */
Test (vtpmctl_import, makes_another_instance)
{
  struct vtpm_store *store;
  uint8_t uuid[VTPM_UUID_SIZE];

  make_instance ("web", 7, TPM_2_0);
  make_instance ("web", 7, TPM_2_0);
  store = open_instance ("web", 7);
  memcpy (uuid, vtpm_store_header (store)->uuid, sizeof (uuid));
  vtpm_store_close (store);
  run_success ("export web @copy");
  run_success ("rm web");
  run_success ("import web @copy");
  store = open_instance ("web", 7);
  cr_expect_arr_neq (vtpm_store_header (store)->uuid, uuid, sizeof (uuid));
  cr_expect_eq (vtpm_store_header (store)->generation, 1);
  vtpm_store_close (store);
}

Test (vtpmctl_import, takes_what_swtpm_made)
{
  make_swtpm_dir ("plain", "plain-2.0", "tpm2-00.permall");
  make_swtpm_dir ("old", "plain-1.2", "tpm-00.permall");
  copy_sample ("plain-1.2", "old-file");
  run_success ("import plain @plain");
  run_success ("import old @old");
  run_success ("import old-file @old-file");
  run_success ("list");
  expect_printed ("local/old      stopped 1.2");
  expect_printed ("local/old-file stopped 1.2");
  expect_printed ("local/plain    stopped 2.0");
  run_success ("export plain @plain-copy --format swtpm");
  run_success ("export old @old-copy --format swtpm");
  expect_same ("plain/tpm2-00.permall", "plain-copy/tpm2-00.permall");
  expect_same ("old/tpm-00.permall", "old-copy/tpm-00.permall");
}

Test (vtpmctl_import, overwrites_nothing)
{
  _cleanup_store_ struct vtpm_store *store = NULL;

  make_swtpm_dir ("plain", "plain-2.0", "tpm2-00.permall");
  make_instance ("web", 7, "state");
  make_instance ("other-key", 8, "state");
  run_error ("import web @plain", EEXIST, "there is an instance local/web already");
  expect_instance ("web", 7, "state");
  run_error ("import other-key @plain", VTPM_STATE_WRONG_KEY, "host key");
  expect_instance ("other-key", 8, "state");
  write_temp_file ("instances/local/other-key/state", "nonsense", 8);
  run_error ("import other-key @plain", VTPM_STATE_NOT_STATE, "local/other-key");
  store = open_instance ("new", 7);
  run_error ("import new @plain", EBUSY, "instance local/new is in use by container 4f3c");
}

Test (vtpmctl_import, takes_nothing_else)
{
  static const struct
  {
    const char *line;
    int errnum;
    const char *message;
  } cases[] = {
    { "import web @missing", ENOENT, "cannot open /" },
    { "import Web @plain", EINVAL, "instance name \"Web\"" },
    { "import web @empty", ENOENT, "/empty holds no TPM of swtpm's" },
    { "import web @nonsense", EILSEQ, "/nonsense is neither a copy in native format nor a state" },
    { "import web @nonsense --format native", EILSEQ, "/nonsense" },
    { "import web @nonsense --format swtpm", EILSEQ, "/nonsense is not a state file of swtpm" },
    { "import web @large", EFBIG, "/large is larger than" },
    { "import web @plain --format native", EISDIR, "/plain is a directory, and no file in native" },
    { "import web @plain --key-file @key", ENOKEY, "/plain is not encrypted, though" },
    { "import web @plain --key-file @missing", ENOENT, "cannot open /" },
    { "import web @plain --key-file @password", EINVAL, "/password is no key" },
    { "import web @plain --password-file @missing", ENOENT, "cannot open /" },
    { "import web @keyed", ENOKEY, "/keyed is encrypted: its key or password is needed" },
    { "import web @keyed --key-file @key", ENOKEY, "/keyed: the key or password is another one" },
    { "import web @swapped", EPROTOTYPE, "/swapped: the file of a TPM 1.2 holds a TPM 2.0" },
    { "import web @copy --key-file @key", VTPM_STATE_WRONG_KEY,
      "/copy is encrypted under another key than the one given" },
    { "import web @copy --key-file @key16", EINVAL, "has 32 bytes, and not 16" },
    { "import web @copy --password-file @password", EINVAL, "has a key, and no password" },
    { "import web @foreign", VTPM_STATE_WRONG_KEY, "/foreign" },
    { "import web @no-state", EILSEQ, "/no-state does not hold a TPM's permanent state" },
  };

  make_swtpm_dir ("plain", "plain-2.0", "tpm2-00.permall");
  make_swtpm_dir ("keyed", "key-2.0", "tpm2-00.permall");
  make_swtpm_dir ("swapped", "plain-2.0", "tpm-00.permall");
  cr_assert_eq (mkdir (temp_path ("empty"), 0700), 0);
  write_temp_file ("nonsense", "nonsense and more", 17);
  write_temp_file ("large", "", 0);
  cr_assert_eq (truncate (temp_path ("large"), 3 << 20), 0);
  write_temp_file ("no-state", "\2\1\0\12\0\0\0\0\0\21\0\1\0\0\0\1x", 17);
  make_instance ("other", 7, "state");
  run_success ("export other @copy");
  run_success ("export other @foreign --key-file @key");
  for (size_t i = 0; i < sizeof (cases) / sizeof (cases[0]); i++)
    {
      run_error (cases[i].line, cases[i].errnum, cases[i].message);
      cr_expect (!is_there ("instances/local/web"), "%s", cases[i].line);
    }
}

Test (vtpmctl_import, understands_what_is_under_the_previous_key)
{
  make_instance ("web", 7, TPM_2_0);
  run_success ("export web @copy");
  write_host_key ("host.key", 8);
  write_host_key ("host.key.previous", 7);
  run_success ("import new @copy");
  expect_instance ("new", 8, TPM_2_0);
}

Test (vtpmctl_import, exports_only_what_is_there)
{
  _cleanup_store_ struct vtpm_store *store = NULL;

  make_instance ("web", 7, "state");
  make_instance ("foreign", 8, "state");
  write_temp_file ("taken", "x", 1);
  run_error ("export db @copy", ENOENT, "there is no instance local/db");
  run_error ("export foreign @copy", VTPM_STATE_WRONG_KEY, "local/foreign");
  run_error ("export web @taken", EEXIST, "taken: File exists");
  run_error ("export web @no/copy", ENOENT, "cannot open the directory of /");
  run_error ("export web @run --key-file @key16", EINVAL, "has 32 bytes, and not 16");
  run_error ("export web @copy --password-file @password", EINVAL, "has a key, and no password");
  run_error ("export web @taken --format swtpm", ENOTDIR, "cannot open /");
  store = open_instance ("web", 7);
  run_error ("export web @copy", EBUSY, "instance local/web is in use by container 4f3c");
  run_error ("export web @copy --format swtpm", EBUSY, "instance local/web is in use");
  cr_expect (!is_there ("copy"));
}

/* A first instance needs a first key.  */
Test (vtpmctl_import, makes_a_host_key)
{
  make_swtpm_dir ("plain", "plain-2.0", "tpm2-00.permall");
  cr_assert_eq (unlink (temp_path ("host.key")), 0);
  run_success ("import web @plain");
  cr_expect (is_there ("host.key"));
  run_success ("export web @copy --format swtpm");
  cr_assert_eq (unlink (temp_path ("host.key")), 0);
  run_error ("import db @plain", ENOENT, "there are instances, but not their key");
}
