/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "tpm_engine.h"

#include <libtpms/tpm_error.h>
#include <libtpms/tpm_library.h>
#include <libtpms/tpm_memory.h>
#include <libtpms/tpm_nvfilename.h>
#include <stdbool.h>
#include <string.h>
#include <sys/random.h>

#include "libcrypto.h"
#include "tpm_header.h"

/* Bytes that a resumed TPM's random generator gets: as many as TPM2_StirRandom
   takes (TPM2B_SENSITIVE_DATA).  */
#define ENTROPY_SIZE 128

/* The largest command that we send ourselves.  */
#define OWN_COMMAND_MAX (VTPM_TPM_HEADER_SIZE + 4 + ENTROPY_SIZE)

struct blob
{
  uint8_t *data; /* NULL: libtpms has stored none, or deleted it */
  uint32_t size;
};

/* What libtpms asks its callbacks to keep.  */
struct kept_state
{
  struct blob permanent;
  struct blob saved;
  uint64_t stores;
};

struct vtpm_engine
{
  enum vtpm_tpm_version version;
  uint8_t locality;
  bool powered; /* TPMLIB_MainInit was called: TPMLIB_Terminate is due */
  struct kept_state kept;
  unsigned char *volatile_state; /* libtpms makes it, anew each time */
  uint32_t volatile_size;
  unsigned char *response; /* libtpms makes and grows it */
  uint32_t response_capacity;
};

/* libtpms' callbacks carry no context: the one engine of this process.  */
static struct vtpm_engine *the_engine;

static struct blob *
find_blob (struct kept_state *kept, const char *name)
{
  if (strcmp (name, TPM_PERMANENT_ALL_NAME) == 0)
    return &kept->permanent;
  if (strcmp (name, TPM_SAVESTATE_NAME) == 0)
    return &kept->saved;
  return NULL;
}

/* Seeds, owner authorisations and keys are in it.  */
static void
wipe_blob (struct blob *blob)
{
  if (blob->data != NULL)
    explicit_bzero (blob->data, blob->size);
  free (blob->data);
  *blob = (struct blob) { 0 };
}

static TPM_RESULT
nvram_init (void)
{
  return TPM_SUCCESS;
}

/* libtpms frees *DATA.  TPM_RETRY is its way to say "there is none".  */
static TPM_RESULT
nvram_load (unsigned char **data, uint32_t *length, uint32_t tpm_number, const char *name)
{
  const struct blob *blob = find_blob (&the_engine->kept, name);

  (void) tpm_number;
  if (blob == NULL || blob->data == NULL)
    return TPM_RETRY;
  if (TPM_Malloc (data, blob->size) != TPM_SUCCESS)
    return TPM_FAIL;
  memcpy (*data, blob->data, blob->size);
  *length = blob->size;
  return TPM_SUCCESS;
}

/* An empty blob is none.  */
static int
fill_blob (struct blob *blob, const uint8_t *data, size_t size)
{
  uint8_t *copy = NULL;

  if (data != NULL && size > 0)
    {
      copy = malloc (size);
      if (copy == NULL)
        return -1;
      memcpy (copy, data, size);
    }
  wipe_blob (blob);
  *blob = (struct blob) { .data = copy, .size = copy != NULL ? (uint32_t) size : 0 };
  return 0;
}

static TPM_RESULT
nvram_store (const unsigned char *data, uint32_t length, uint32_t tpm_number, const char *name)
{
  struct blob *blob = find_blob (&the_engine->kept, name);

  (void) tpm_number;
  if (blob == NULL || fill_blob (blob, data, length) < 0)
    return TPM_FAIL;
  the_engine->kept.stores++;
  return TPM_SUCCESS;
}

static TPM_RESULT
nvram_delete (uint32_t tpm_number, const char *name, TPM_BOOL must_exist)
{
  struct blob *blob = find_blob (&the_engine->kept, name);

  (void) tpm_number;
  if (blob == NULL || (must_exist && blob->data == NULL))
    return TPM_FAIL;
  wipe_blob (blob);
  the_engine->kept.stores++;
  return TPM_SUCCESS;
}

static TPM_RESULT
io_init (void)
{
  return TPM_SUCCESS;
}

static TPM_RESULT
io_get_locality (TPM_MODIFIER_INDICATOR *locality, uint32_t tpm_number)
{
  (void) tpm_number;
  *locality = the_engine->locality;
  return TPM_SUCCESS;
}

/* A container has no jumper to set and nobody who presses a key.  */
static TPM_RESULT
io_get_physical_presence (TPM_BOOL *present, uint32_t tpm_number)
{
  (void) tpm_number;
  *present = FALSE;
  return TPM_SUCCESS;
}

static struct libtpms_callbacks callbacks = {
  .sizeOfStruct = sizeof (callbacks),
  .tpm_nvram_init = nvram_init,
  .tpm_nvram_loaddata = nvram_load,
  .tpm_nvram_storedata = nvram_store,
  .tpm_nvram_deletename = nvram_delete,
  .tpm_io_init = io_init,
  .tpm_io_getlocality = io_get_locality,
  .tpm_io_getphysicalpresence = io_get_physical_presence,
};

static int stir (struct vtpm_engine *engine, struct vtpm_error **error);

/* Hands libtpms the states that TPMLIB_MainInit is to begin with.  */
static TPM_RESULT
set_states (const struct vtpm_engine_state *state)
{
  TPM_RESULT result = TPM_SUCCESS;

  if (state->permanent != NULL)
    result = TPMLIB_SetState (TPMLIB_STATE_PERMANENT, state->permanent,
                              (uint32_t) state->permanent_size);
  if (result == TPM_SUCCESS && state->volatile_state != NULL)
    result = TPMLIB_SetState (TPMLIB_STATE_VOLATILE, state->volatile_state,
                              (uint32_t) state->volatile_size);
  return result;
}

static int
choose_version (struct vtpm_engine *engine, struct vtpm_error **error)
{
  TPM_RESULT result;

  /* Nothing of libtpms' debug output is wanted: when a TPM enters failure mode
     it prints the whole command, which may hold a secret.  At level 0 that goes
     to stderr all the same, which the emulator has closed.  */
  TPMLIB_SetDebugFD (-1);
  TPMLIB_SetDebugLevel (0);
  result = TPMLIB_ChooseTPMVersion (engine->version == VTPM_TPM_1_2 ? TPMLIB_TPM_VERSION_1_2
                                                                    : TPMLIB_TPM_VERSION_2);
  if (result == TPM_SUCCESS)
    result = TPMLIB_RegisterCallbacks (&callbacks);
  if (result != TPM_SUCCESS)
    return vtpm_error_set (error, 0, "libtpms cannot make a TPM %s: result 0x%x",
                           vtpm_tpm_version_name (engine->version), result);
  return 0;
}

static int
power_on (struct vtpm_engine *engine, const struct vtpm_engine_state *state,
          struct vtpm_error **error)
{
  TPM_RESULT result;

  if (fill_blob (&engine->kept.permanent, state->permanent, state->permanent_size) < 0
      || fill_blob (&engine->kept.saved, state->saved, state->saved_size) < 0)
    return vtpm_error_set (error, ENOMEM, "cannot make a TPM");
  result = set_states (state);
  if (result != TPM_SUCCESS)
    return vtpm_error_set (error, 0, "libtpms does not accept the TPM %s's state: result 0x%x",
                           vtpm_tpm_version_name (engine->version), result);
  engine->powered = true;
  result = TPMLIB_MainInit ();
  if (result != TPM_SUCCESS)
    return vtpm_error_set (error, 0, "libtpms cannot power a TPM %s on: result 0x%x",
                           vtpm_tpm_version_name (engine->version), result);
  return state->volatile_state != NULL ? stir (engine, error) : 0;
}

int
vtpm_engine_new (enum vtpm_tpm_version version, const struct vtpm_engine_state *state,
                 struct vtpm_engine **engine, struct vtpm_error **error)
{
  _cleanup_engine_ struct vtpm_engine *made = NULL;

  if (the_engine != NULL)
    return vtpm_error_set_plain (error, EBUSY, "this process has a TPM already");
  made = calloc (1, sizeof (*made));
  if (made == NULL)
    return vtpm_error_set (error, ENOMEM, "cannot make a TPM");
  made->version = version;
  the_engine = made;
  if (vtpm_libcrypto_prepare (error) < 0 || choose_version (made, error) < 0
      || power_on (made, state, error) < 0)
    return -1;
  *engine = vtpm_steal_pointer (&made);
  return 0;
}

static void
power_off (struct vtpm_engine *engine)
{
  if (engine->powered)
    TPMLIB_Terminate ();
  engine->powered = false;
  wipe_blob (&engine->kept.permanent);
  wipe_blob (&engine->kept.saved);
}

int
vtpm_engine_revert (struct vtpm_engine *engine, const struct vtpm_engine_state *state,
                    struct vtpm_error **error)
{
  power_off (engine);
  return power_on (engine, state, error);
}

static void
wipe_volatile (struct vtpm_engine *engine)
{
  if (engine->volatile_state != NULL)
    explicit_bzero (engine->volatile_state, engine->volatile_size);
  TPM_Free (engine->volatile_state);
  engine->volatile_state = NULL;
}

int
vtpm_engine_take_state (struct vtpm_engine *engine, struct vtpm_engine_state *state,
                        struct vtpm_error **error)
{
  const struct kept_state *kept = &engine->kept;
  TPM_RESULT result;

  wipe_volatile (engine);
  result = TPMLIB_GetState (TPMLIB_STATE_VOLATILE, &engine->volatile_state,
                            &engine->volatile_size);
  if (result != TPM_SUCCESS)
    return vtpm_error_set (error, 0, "libtpms cannot tell the TPM's state: result 0x%x", result);
  *state = (struct vtpm_engine_state) {
    .permanent = kept->permanent.data,
    .permanent_size = kept->permanent.size,
    .volatile_state = engine->volatile_state,
    .volatile_size = engine->volatile_size,
    .saved = kept->saved.data,
    .saved_size = kept->saved.size,
  };
  return 0;
}

uint64_t
vtpm_engine_stores (const struct vtpm_engine *engine)
{
  return engine->kept.stores;
}

void
vtpm_engine_free (struct vtpm_engine *engine)
{
  if (engine == NULL)
    return;
  power_off (engine);
  the_engine = NULL;
  wipe_volatile (engine);
  if (engine->response != NULL)
    explicit_bzero (engine->response, engine->response_capacity);
  TPM_Free (engine->response);
  free (engine);
}

void
vtpm_engine_set_locality (struct vtpm_engine *engine, uint8_t locality)
{
  engine->locality = locality;
}

int
vtpm_engine_process (struct vtpm_engine *engine, uint8_t *command, size_t size,
                     const uint8_t **response, size_t *response_size, struct vtpm_error **error)
{
  struct vtpm_tpm_header header;
  uint32_t length = 0;
  TPM_RESULT result;

  result = TPMLIB_Process (&engine->response, &length, &engine->response_capacity, command,
                           (uint32_t) size);
  if (result != TPM_SUCCESS)
    return vtpm_error_set (error, 0, "libtpms failed with result 0x%x", result);
  if (!vtpm_tpm_header_read (engine->response, length, &header) || header.size != length
      || length > VTPM_TPM_MESSAGE_MAX)
    return vtpm_error_set (error, 0, "libtpms made a malformed response of %u bytes", length);
  *response = engine->response;
  *response_size = length;
  return 0;
}

/* A command of this program's own: a header and some parameters.  WHAT is its
   name in the specification.  */
struct own_command
{
  const char *what;
  uint16_t tag;
  uint32_t code;
  size_t parameter_size;
  uint8_t parameters[OWN_COMMAND_MAX - VTPM_TPM_HEADER_SIZE];
};

/* *CODE is the response code.  */
static int
execute_for_code (struct vtpm_engine *engine, const struct own_command *own, uint32_t *code,
                  struct vtpm_error **error)
{
  uint8_t command[OWN_COMMAND_MAX];
  size_t size = VTPM_TPM_HEADER_SIZE + own->parameter_size;
  struct vtpm_tpm_header header = { .tag = own->tag, .size = (uint32_t) size, .code = own->code };
  const uint8_t *response;
  size_t response_size;

  vtpm_tpm_header_write (&header, command);
  memcpy (command + VTPM_TPM_HEADER_SIZE, own->parameters, own->parameter_size);
  if (vtpm_engine_process (engine, command, size, &response, &response_size, error) < 0)
    return vtpm_error_wrap (error, "%s", own->what);
  vtpm_tpm_header_read (response, response_size, &header);
  *code = header.code;
  return 0;
}

static int
execute (struct vtpm_engine *engine, const struct own_command *own, struct vtpm_error **error)
{
  uint32_t code;

  if (execute_for_code (engine, own, &code, error) < 0)
    return -1;
  if (code != 0)
    return vtpm_error_set (error, 0, "%s was answered with code 0x%x", own->what, code);
  return 0;
}

int
vtpm_engine_start (struct vtpm_engine *engine, struct vtpm_error **error)
{
  static const struct own_command startup[] = {
    [VTPM_TPM_2_0] = { "TPM2_Startup", 0x8001, 0x144, 2, { 0x00, 0x00 /* TPM_SU_CLEAR */ } },
    [VTPM_TPM_1_2] = { "TPM_Startup", 0x00c1, 0x99, 2, { 0x00, 0x01 /* TPM_ST_CLEAR */ } },
  };

  return execute (engine, &startup[engine->version], error);
}

int
vtpm_engine_shut_down (struct vtpm_engine *engine, struct vtpm_error **error)
{
  static const struct own_command shutdown[] = {
    [VTPM_TPM_2_0] = { "TPM2_Shutdown", 0x8001, 0x145, 2, { 0x00, 0x00 /* TPM_SU_CLEAR */ } },
    [VTPM_TPM_1_2] = { "TPM_SaveState", 0x00c1, 0x98, 0, { 0 } },
  };

  return execute (engine, &shutdown[engine->version], error);
}

/* A TPM in failure mode answers with TPM_RC_FAILURE, and makes no random
   numbers either.  */
static int
stir (struct vtpm_engine *engine, struct vtpm_error **error)
{
  struct own_command stir_random[] = {
    [VTPM_TPM_2_0] = { "TPM2_StirRandom", 0x8001, 0x146, 2 + ENTROPY_SIZE, { 0, ENTROPY_SIZE } },
    [VTPM_TPM_1_2] = { "TPM_StirRandom", 0x00c1, 0x47, 4 + ENTROPY_SIZE, { 0, 0, 0, ENTROPY_SIZE } },
  };
  struct own_command *own = &stir_random[engine->version];
  uint32_t code;
  int result;

  if (getrandom (own->parameters + own->parameter_size - ENTROPY_SIZE, ENTROPY_SIZE, 0)
      != ENTROPY_SIZE)
    return vtpm_error_set (error, errno, "cannot get %d random bytes", ENTROPY_SIZE);
  result = execute_for_code (engine, own, &code, error);
  explicit_bzero (own->parameters, sizeof (own->parameters));
  if (result < 0)
    return -1;
  if (code != 0 && code != vtpm_tpm_refusal_code (engine->version, VTPM_TPM_REFUSE_FAILURE))
    return vtpm_error_set (error, 0, "%s was answered with code 0x%x", own->what, code);
  return 0;
}
