#include "framework/run/outcome.h"

#include <assay/plugin.h>

const char *outcome_name(enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_PASS:
        return "pass";
    case OUTCOME_VACUOUS:
        return "vacuous";
    case OUTCOME_UNDECIDED:
        return "undecided";
    case OUTCOME_FAIL:
        return "fail";
    case OUTCOME_ERROR:
        return "error";
    }
    return "error";
}

enum outcome outcome_of_verdict(uint32_t verdict)
{
    switch (verdict) {
    case ASSAY_PASS:
        return OUTCOME_PASS;
    case ASSAY_FAIL:
        return OUTCOME_FAIL;
    case ASSAY_UNDECIDED:
        return OUTCOME_UNDECIDED;
    case ASSAY_VACUOUS:
        return OUTCOME_VACUOUS;
    default:
        return OUTCOME_ERROR;
    }
}

enum outcome outcome_worst(enum outcome a, enum outcome b)
{
    return a > b ? a : b;
}

enum exit_code outcome_exit_code(enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_PASS:
        return EXIT_CODE_PASS;
    case OUTCOME_VACUOUS:
    case OUTCOME_UNDECIDED:
        return EXIT_CODE_UNDECIDED;
    case OUTCOME_FAIL:
        return EXIT_CODE_FAIL;
    case OUTCOME_ERROR:
        return EXIT_CODE_ERROR;
    }
    return EXIT_CODE_ERROR;
}
