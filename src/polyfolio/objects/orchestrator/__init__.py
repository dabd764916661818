"""Trade execution by agents: sizing, risk with its feedback loop, correlation, selection and orders.

Each agent is a stretch of the lane's program, run alone on the same memory: one after the other they leave the bytes of
the program run whole. What a changed agent hands on passes the later stages, and its orders the certificate.
"""

from __future__ import annotations

from polyfolio.objects.orchestrator.base import BaseAgent as BaseAgent
from polyfolio.objects.orchestrator.configs import CorrelationConfig as CorrelationConfig
from polyfolio.objects.orchestrator.configs import ExecutionConfig as ExecutionConfig
from polyfolio.objects.orchestrator.configs import ExecutionRulesConfig as ExecutionRulesConfig
from polyfolio.objects.orchestrator.configs import PositionSizingConfig as PositionSizingConfig
from polyfolio.objects.orchestrator.configs import RiskFeedbackConfig as RiskFeedbackConfig
from polyfolio.objects.orchestrator.configs import RiskManagementConfig as RiskManagementConfig
from polyfolio.objects.orchestrator.configs import RiskTolerance as RiskTolerance
from polyfolio.objects.orchestrator.configs import TradeSelectionConfig as TradeSelectionConfig
from polyfolio.objects.orchestrator.correlation import CorrelationAgent as CorrelationAgent
from polyfolio.objects.orchestrator.executor import PortfolioTradeExecutor as PortfolioTradeExecutor
from polyfolio.objects.orchestrator.failures import AgentError as AgentError
from polyfolio.objects.orchestrator.failures import OrchestrationError as OrchestrationError
from polyfolio.objects.orchestrator.messages import CorrelationAdjustment as CorrelationAdjustment
from polyfolio.objects.orchestrator.messages import ExecutionContext as ExecutionContext
from polyfolio.objects.orchestrator.messages import Order as Order
from polyfolio.objects.orchestrator.messages import ProposedTrade as ProposedTrade
from polyfolio.objects.orchestrator.messages import ResizingEvent as ResizingEvent
from polyfolio.objects.orchestrator.messages import RiskAdjustment as RiskAdjustment
from polyfolio.objects.orchestrator.messages import RiskAssessment as RiskAssessment
from polyfolio.objects.orchestrator.messages import RiskMetrics as RiskMetrics
from polyfolio.objects.orchestrator.messages import SystemInput as SystemInput
from polyfolio.objects.orchestrator.messages import TradeProposal as TradeProposal
from polyfolio.objects.orchestrator.monitor import ResizingMetrics as ResizingMetrics
from polyfolio.objects.orchestrator.monitor import RiskResizingMonitor as RiskResizingMonitor
from polyfolio.objects.orchestrator.orchestrator import TradeExecutionOrchestrator as TradeExecutionOrchestrator
from polyfolio.objects.orchestrator.ordering import ExecutionRulesAgent as ExecutionRulesAgent
from polyfolio.objects.orchestrator.recovery import RecoveryAction as RecoveryAction
from polyfolio.objects.orchestrator.recovery import RecoveryStrategy as RecoveryStrategy
from polyfolio.objects.orchestrator.recovery import Step as Step
from polyfolio.objects.orchestrator.risk import PositionResizingAgent as PositionResizingAgent
from polyfolio.objects.orchestrator.risk import RiskFeedbackLoop as RiskFeedbackLoop
from polyfolio.objects.orchestrator.risk import RiskManagementAgent as RiskManagementAgent
from polyfolio.objects.orchestrator.selector import TradeSelector as TradeSelector
from polyfolio.objects.orchestrator.sizing import PositionSizingAgent as PositionSizingAgent
from polyfolio.objects.orchestrator.states import AgentState as AgentState
from polyfolio.objects.orchestrator.states import Decision as Decision
from polyfolio.objects.orchestrator.states import ExecutionState as ExecutionState
